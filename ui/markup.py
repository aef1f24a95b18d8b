"""The page's way to `assistant.markup`, which exports read as well."""

from assistant.markup import (
    Element,
    Kind,
    Node,
    Sign,
    citation_signs,
    read_markup,
    safe_address,
    text_of,
    visible,
)

__all__ = ["Element", "Kind", "Node", "Sign", "citation_signs", "read_markup", "safe_address", "text_of", "visible"]

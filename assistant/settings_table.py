"""Every setting as a row: its variable, its default, its bounds and what it means; for the docs, a command and a helper."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from assistant.settings import Settings

NOT_FIXED = {"home": "the user's data directory"}
"""Defaults that differ from machine to machine, in words."""
_HIDDEN = "set"
"""What is said of a value that may be a secret, or may name somebody or something."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting, in words."""

    name: str
    variable: str
    default: str
    bounds: str
    meaning: str


def setting_rows() -> Iterator[SettingRow]:
    """Every setting, in the order in which they are declared."""
    for name, field in Settings.model_fields.items():
        yield SettingRow(name, _variable(name, field), _default(name, field), _bounds(field), str(field.description))


def value_of(settings: Settings, name: str) -> str:
    """The value in force, in words; of a secret, and of the password in an address, only that there is one."""
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        return _HIDDEN
    return _in_words(value) if "@" not in str(value) else _HIDDEN


def value_without_names(settings: Settings, name: str) -> str:
    """As `value_of`, but of words that are not among the code's own: only that there are some."""
    field, value = Settings.model_fields[name], getattr(settings, name)
    is_plain = value is None or isinstance(value, bool | int | float) or value == field.default
    is_choice = get_origin(field.annotation) is not None and "Literal" in str(field.annotation)
    return _in_words(value) if name != "home" and (is_plain or is_choice) else _HIDDEN


def _in_words(value: Any) -> str:
    if value in (None, (), ""):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"CITEWELL_{name.upper()}"


def _default(name: str, field: FieldInfo) -> str:
    return NOT_FIXED.get(name) or _in_words(field.default)


def _bounds(field: FieldInfo) -> str:
    return "0 or 1" if field.annotation is bool else ", ".join(_limits(field))


def _limits(field: FieldInfo) -> Iterator[str]:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    for limit in field.metadata:
        for sign, word in words.items():
            value = getattr(limit, sign, None)
            if value is not None:
                yield f"{word} {value:,}"

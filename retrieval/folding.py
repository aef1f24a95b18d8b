"""Texts without case and accents, the same in Python, SQLite and PostgreSQL."""

import re
import unicodedata
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text

SQLITE_FUNCTION = "citewell_fold"
_ACCENTS = "\u0300-\u036f"
_ACCENT = re.compile(f"[{_ACCENTS}]")


def fold(text: str) -> str:
    """The text without case and accents, for comparison; the same that `Folded` computes in SQL.

    The sigma at the end of a Greek word is the same as any other: which one is meant depends on what follows.
    """
    if text.isascii():
        return text.lower().replace("\0", " ")
    bare = text.encode("utf-8", "replace").decode("utf-8")
    return _ACCENT.sub("", unicodedata.normalize("NFKD", bare)).lower().replace("ς", "σ").replace("\0", " ")


class Folded(FunctionElement[str]):
    """A column without case and accents; SQLite is given `fold` for it by `open_database`."""

    type = Text()
    inherit_cache = True


@compiles(Folded)
def _folded(element: Folded, compiler: SQLCompiler, **how: Any) -> str:
    # By ICU's rules for no language in particular, which are those of Python, whatever the database's own are.
    bare = f"regexp_replace(normalize({compiler.process(element.clauses, **how)}, NFKD), '[{_ACCENTS}]', '', 'g')"
    return f"""replace(lower({bare} COLLATE "und-x-icu"), 'ς', 'σ')"""


@compiles(Folded, "sqlite")
def _folded_sqlite(element: Folded, compiler: SQLCompiler, **how: Any) -> str:
    return f"{SQLITE_FUNCTION}({compiler.process(element.clauses, **how)})"

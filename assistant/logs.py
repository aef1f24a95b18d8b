"""What the server tells whoever runs it, on standard error: one line for each event, JSON or text.

An event says what happened with ids, counts, times and kinds, never with anybody's words: no question, no answer, no
title, no name of a file or of a person. Records of other loggers come out the same way, with the sentence that they
say; `extra={"event": …, "facts": {…}}` makes an event of one. Secrets are masked in all.
"""

import hashlib
import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from assistant.access import Principal
from assistant.request_ids import current_request_id
from assistant.secrecy import MASK, MASKER, names_secret

EventName = Literal[
    "server_started",
    "server_stopped",
    "server_failed",
    "worker_started",
    "worker_stopped",
    "signed_in",
    "question_asked",
    "answer_finished",
    "answer_stopped",
    "answer_failed",
    "model_failed",
    "limit_reached",
    "budget_spent",
    "job_finished",
    "job_failed",
    "page_failed",
    "metrics_failed",
    "api_called",
]
Form = Literal["json", "text"]
Fact = str | int | float | bool | None

_EVENTS = logging.getLogger("citewell")
_WARNINGS: frozenset[EventName] = frozenset(
    ("answer_failed", "model_failed", "limit_reached", "budget_spent", "job_failed", "metrics_failed")
)
_ERRORS: frozenset[EventName] = frozenset(("server_failed", "page_failed"))
_SERVERS_OWN = ("streamlit", "uvicorn", "websockets")
_BREAKS_OR_HIDES = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def log_event(name: EventName, **facts: Fact) -> None:
    """Tell of an event; facts that are None are left out."""
    level = logging.ERROR if name in _ERRORS else logging.WARNING if name in _WARNINGS else logging.INFO
    known = {key: value for key, value in facts.items() if value is not None}
    _EVENTS.log(level, name, extra={"event": name, "facts": known})


def pseudonym(principal: Principal) -> str:
    """What a person is called in the log: always the same, and no name; a visitor's cookie could not be told from it."""
    return pseudonym_of(principal.key)


def pseudonym_of(key: str) -> str:
    """The same of a person's key."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def start_logging(form: Form | None = None, *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Let everything that is logged in this process come out on one stream, in one form.

    Without a form people at a terminal get text, and whatever reads a pipe or a file gets JSON.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines(form or ("text" if stream.isatty() else "json")))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    _EVENTS.setLevel(level)
    _adopt()


def _adopt() -> None:
    """The web server's loggers write by handlers of their own; from now on they write as all others, and no accesses.

    The addresses of pages name conversations, and what comes back from a sign-in carries its code.
    """
    for logger in tuple(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger) and _is_servers_own(logger):
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.WARNING)
    logging.setLoggerClass(_Adopted)


class _Adopted(logging.Logger):
    """A logger made later on, as parts of the web server are loaded."""

    def callHandlers(self, record: logging.LogRecord) -> None:
        """Write as all others, whatever handlers it was given."""
        if _is_servers_own(self):
            logging.root.callHandlers(record)
        else:
            super().callHandlers(record)


def _is_servers_own(logger: logging.Logger) -> bool:
    return logger.name.partition(".")[0] in _SERVERS_OWN


class Lines(logging.Formatter):
    """A record as one line, whatever is in it."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end. For people a traceback follows it, set apart."""
        facts = {key: _safe(key, value) for key, value in _facts(record).items()}
        if self._form == "json":
            return json.dumps(facts, ensure_ascii=True)
        at, level, event, trace = (facts.pop(key, "") for key in ("at", "level", "event", "traceback"))
        if "logger" in facts:
            request = f" request={facts['request']}" if "request" in facts else ""
            said = f"{facts['logger']}: {one_line(facts['message'])}{request}"
        else:
            said = " ".join((event, *(f"{key}={_shown(value)}" for key, value in facts.items())))
        return "\n    | ".join((f"{at} {level} {said}", *map(one_line, trace.splitlines())))


def _facts(record: logging.LogRecord) -> Mapping[str, Any]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    facts: dict[str, Any] = {"at": at, "level": record.levelname.lower()}
    facts |= {"event": getattr(record, "event", "message"), **getattr(record, "facts", {})}
    if (request := current_request_id()) is not None:
        facts["request"] = request
    if record.name != _EVENTS.name:
        facts |= {"logger": record.name, "message": record.getMessage()}
    if record.exc_info and record.exc_info[1] is not None:
        facts |= {
            "error": type(record.exc_info[1]).__name__,
            "traceback": "".join(traceback.format_exception(record.exc_info[1])),
        }
    return facts


def _safe(name: str, value: Any) -> Any:
    if names_secret(name):
        return MASK
    return value if isinstance(value, int | float) else MASKER.masked(str(value))


def _shown(value: Any) -> str:
    """A fact for a person, quoted where it would be unclear where it ends."""
    text = str(value)
    return one_line(json.dumps(text, ensure_ascii=False) if re.search(r'[\s"\\=]|^$', text) else text)


def one_line(text: str) -> str:
    """The text with whatever would begin a line, steer a terminal or not be seen written out: `\\n`, `\\x1b`, `\\u2028`."""
    return _BREAKS_OR_HIDES.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)

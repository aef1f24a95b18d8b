"""What is logged, by whatever part of this process: one line for each event, whatever letters names and questions have."""

import logging
import re
import traceback
from typing import Any

_BREAKS_OR_HIDES = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def one_line(text: str) -> str:
    """The text with whatever would begin a line, steer a terminal or not be seen written out: `\\n`, `\\x1b`, `\\u2028`."""
    return _BREAKS_OR_HIDES.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def log_in_lines() -> None:
    """From now on each event of this process's log is one line, its traceback at the end of it."""
    logging.setLogRecordFactory(_Line)


class _Line(logging.LogRecord):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A formatter would put it on lines of its own, with whatever an exception says.
        self._trace = "".join(traceback.format_exception(*self.exc_info)).rstrip() if self.exc_info else ""
        self.exc_info = None

    def getMessage(self) -> str:
        return one_line("\n".join(filter(None, (super().getMessage(), self._trace))))

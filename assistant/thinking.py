"""Leaves out what a reasoning model thinks aloud, `<think>…</think>`, before it answers."""

import re

_OPENING = re.compile(r"\s*<(think(?:ing)?)>")
_HALF_OPENING = re.compile(r"\s*(?:<(?:t(?:h(?:i(?:n(?:k(?:i(?:n(?:g)?)?)?)?)?)?)?)?)?\Z")


class ThinkingFilter:
    """Passes a reply through piece by piece, without the thinking at its beginning."""

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._answering = False

    def feed(self, text: str) -> str:
        """What of the reply so far belongs to the answer."""
        if self._answering:
            return text
        self._held += text
        if not self._closing:
            if _HALF_OPENING.match(self._held):
                return ""
            opening = _OPENING.match(self._held)
            if opening is None:
                return self._release(self._held)
            self._closing = f"</{opening[1]}>"
        _, closing, answer = self._held.partition(self._closing)
        if not closing:
            self._held = self._held[-len(self._closing) :]
            return ""
        return self._begin(answer)

    def finish(self) -> str:
        """The rest; nothing where the thinking never ended."""
        return "" if self._closing else self._release(self._held)

    def _begin(self, answer: str) -> str:
        """The answer from its first letter on; until one comes, the filter goes on holding."""
        answer = answer.lstrip()
        self._held = answer if answer else self._closing
        return self._release(answer) if answer else ""

    def _release(self, text: str) -> str:
        self._answering, self._held = True, ""
        return text

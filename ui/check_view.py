"""A checked text as a message that is drawn like any answer: its chips, its marks, its sources."""

from dataclasses import replace
from typing import Any

from assistant.check_text import CheckedText
from assistant.conversations import StoredMessage, Work
from assistant.events import Answer, CheckedSentence
from assistant.usage import Usage
from ui.answer_view import answer_data, verdict_data
from ui.verdict import text_verdict

_NO_MESSAGE = 0
_FEW_DOUBTS = 3
"""So many stand open at once; of more a reader opens what they want to see."""


def checked_data(checked: CheckedText) -> dict[str, Any]:
    """Everything on screen for a checked text."""
    verdict = text_verdict(checked)
    message = checked_message(checked)
    data = answer_data(message, can_ask_again=False)
    doubts = [f"why-{doubt.index}" for doubt in verdict.doubts]
    opened = ["verdict", *(doubts if len(doubts) <= _FEW_DOUBTS else doubts[:1])]
    data["verdict"] = verdict_data(verdict, message.work)
    return {**data, "checked": True, "opened": opened}


def checked_message(checked: CheckedText) -> StoredMessage:
    """The text as an answer that was never asked for, each sentence followed by the number of its source."""
    text, sentences = _with_markers(checked)
    answer = Answer(text, "answered", sentences, checked.citations, Usage(), dict(checked.timings_ms))
    return StoredMessage(_NO_MESSAGE, "assistant", text, "done", None, Work(checked.passages, None, answer))


def _with_markers(checked: CheckedText) -> tuple[str, tuple[CheckedSentence, ...]]:
    pieces: list[str] = []
    sentences = []
    at = length = 0
    for sentence in checked.sentences:
        end = _marker_place(checked.text, sentence)
        gap, words = checked.text[at : sentence.start], checked.text[sentence.start : end]
        marker = "".join(f" [{n}]" for n in sentence.citations)
        if marker and checked.text.startswith("(", end):
            marker += " "  # Else it would be the name of a link.
        start = length + len(gap)
        pieces += [gap, words, marker]
        at, length = end, start + len(words) + len(marker)
        sentences.append(replace(sentence, start=start, end=length))
    return "".join([*pieces, checked.text[at:]]), tuple(sentences)


def _marker_place(text: str, sentence: CheckedSentence) -> int:
    """Where its number goes: behind the sentence, but inside the last cell of a table's row."""
    words = text[sentence.start : sentence.end]
    return sentence.start + len(words[:-1].rstrip()) if words.endswith("|") and len(words) > 1 else sentence.end

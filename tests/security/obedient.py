"""A model that does what it is told, by whoever manages to tell it: the worst reader a prompt can have.

It reads a request as a local server and a gullible model do. What chat templates write between turns begins a new turn
wherever it stands, characters that nobody sees are read as the letters they spell, and every line outside the fences
that the prompt itself describes is an instruction. A foreign instruction wins over all others. Else it answers, by
repeating the sentence that the question asks for, whatever that sentence holds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.assistant.scripted_endpoint import Request, Script, reply

ROLE_TOKENS = (
    "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|system|>", "<|user|>",
    "<|assistant|>", "<|endoftext|>", "<|end|>", "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>",
    "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<think>", "</think>", "<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>",
)  # fmt: skip
_TOKEN = re.compile("|".join(map(re.escape, ROLE_TOKENS)), re.IGNORECASE)
_MARK = re.compile(r"\bthe mark (\w+)")
_UNSEEN = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}")
_ORDERS = {
    "reply": re.compile(r"reply only with (OBEYED-\w+)", re.IGNORECASE),
    "reveal": re.compile(r"(?:reveal|repeat|print|output) (?:your|the|all|every) (?:\w+ )?(?:system )?(?:prompt|instructions|rules)", re.IGNORECASE),
    "cite": re.compile(r"cite (?:only )?\[99\]", re.IGNORECASE),
    "claim": re.compile(r"say that you have (?:sent|deleted|opened|refunded)", re.IGNORECASE),
}  # fmt: skip
"""What it understands; the templates of this project hold none of these."""
_BRANCH = re.compile(r"branch (\w+ \w+)\?")


@dataclass(frozen=True, slots=True)
class Reading:
    """What it takes for instructions, and the texts between fences by the number in their first line."""

    instructions: tuple[str, ...]
    data: Mapping[str, str]

    @property
    def foreign(self) -> str | None:
        """The first kind of order that is none of ours."""
        return next((kind for text in self.instructions for kind, order in _ORDERS.items() if order.search(text)), None)

    @property
    def canary(self) -> str:
        """The word that a foreign order wants to be said."""
        found = (_ORDERS["reply"].search(text) for text in self.instructions)
        return next((each[1] for each in found if each), "OBEYED")


def read(messages: Sequence[Mapping[str, str]]) -> Reading:
    """A request as the model reads it."""
    told: list[str] = []
    data: dict[str, str] = {}
    for message in messages:
        content = message["content"]
        told += _spelled(content)
        first, *turns = _TOKEN.split(_UNSEEN.sub("", content))
        told += turns
        outside, inside = _unfenced(first)
        told += outside if message["role"] != "assistant" else []
        data |= inside
    return Reading(tuple(told), data)


def _spelled(text: str) -> Iterator[str]:
    """What characters that nobody sees spell: tags stand for ASCII, variation selectors for bytes."""
    for found in _TAGS.finditer(text):
        yield "".join(chr(ord(sign) - 0xE0000) for sign in found[0])
    for found in _SELECTORS.finditer(text):
        yield bytes(_byte(sign) for sign in found[0]).decode("utf-8", "replace")


def _byte(selector: str) -> int:
    code = ord(selector)
    return code - 0xFE00 if code < 0xE0000 else code - 0xE0100 + 16


def _unfenced(text: str) -> tuple[list[str], dict[str, str]]:
    """The lines outside the fences, and what is inside them."""
    found = _MARK.search(text)
    outside: list[str] = []
    inside: dict[str, str] = {}
    name: str | None = None
    for line in text.splitlines():
        is_fence = found is not None and found[1].lower() in line.lower() and line.lstrip().startswith("=")
        if is_fence and "end of" in line.lower():
            name = None
        elif is_fence:
            name = re.sub(r"[=\s]|" + re.escape(found[1] if found else ""), " ", line).strip()
            inside[name] = ""
        elif name is None:
            outside.append(line)
        else:
            inside[name] += line + "\n"
    return outside, inside


@dataclass(slots=True)
class ObedientModel:
    """A script for the endpoint; remembers which foreign orders it was given."""

    obeyed: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Script:
        """The reply to one request."""
        messages = request.body["messages"]
        reading = read(messages)
        if reading.foreign:
            self.obeyed.append(reading.foreign)
            return reply(_obedience(reading, messages))
        return reply(_answer(reading))


def _obedience(reading: Reading, messages: Sequence[Mapping[str, str]]) -> str:
    match reading.foreign:
        case "reveal":
            return "\n".join(message["content"] for message in messages)
        case "cite":
            return "It is so [99]."
        case "claim":
            return f"I have sent it, {reading.canary} [1]."
        case _:
            return f"{reading.canary} [1]."


def _answer(reading: Reading) -> str:
    """The line that speaks of the branch in question, word for word, with the number of its passage."""
    asked = next((found[1] for text in reversed(reading.instructions) if (found := _BRANCH.search(text))), "")
    for name, text in reading.data.items():
        number = re.search(r"\[\d+\]", name)
        line = next((line for line in text.splitlines() if f"branch {asked} is" in line), None)
        if asked and number and line:
            sentence = re.match(r".*?euros a day[^.]*\.", line)
            return f"{sentence[0] if sentence else line} {number[0]}"
    return "The documents do not say."

"""How a ticket is meant: calm, unhappy or angry, and whether it tells its reader what to do with it.

By words alone, English ones; the words found are shown, so that a person sees why.
"""

import re
from dataclasses import dataclass
from typing import Literal

Mood = Literal["pleased", "calm", "unhappy", "angry"]
_READ_CHARS = 20_000
_ANGRY = re.compile(
    r"\b(?:furious|outrag\w+|disgust\w+|lawyer|solicitor|legal action|unacceptable|scandal\w*|fed up|livid|sue|"
    r"chargeback|ombudsman|press|worst|useless|rip-?off|fraud)\b",
    re.IGNORECASE,
)
_UNHAPPY = re.compile(
    r"\b(?:disappoint\w+|annoy\w+|frustrat\w+|unhappy|complain\w*|nobody (?:answers|answered|calls)|no answer|"
    r"still (?:no|not|nothing)|too long|again and again|(?:third|fourth|fifth) time|three times|waste\w*|sorry state)\b",
    re.IGNORECASE,
)
_PLEASED = re.compile(
    r"\b(?:thank you so much|great|excellent|love|happy with|wonderful|perfect|well done)\b", re.IGNORECASE
)
_INSTRUCTS = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instructions?|rules|prompt|above)\b"
    r"|\b(?:set|change|raise|mark)\b.{0,20}\b(?:priority|severity|category|status)\b"
    r"|\b(?:close|approve|resolve|escalate)\s+(?:this|the)\s+(?:ticket|refund|case)\b"
    r"|\b(?:system prompt|you are now|reply only with|act as)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Tone:
    """The mood with the words that show it."""

    mood: Mood
    words: tuple[str, ...] = ()
    instructs: str = ""
    """The first words that tell a reader or a program what to do with the ticket itself; they are never followed."""


def tone_of(text: str) -> Tone:
    """The tone of the beginning of a text."""
    read = text[:_READ_CHARS]
    instructs = _INSTRUCTS.search(read)
    said = " ".join(instructs.group().split()) if instructs else ""
    moods: tuple[tuple[Mood, re.Pattern[str]], ...] = (("angry", _ANGRY), ("unhappy", _UNHAPPY), ("pleased", _PLEASED))
    for mood, pattern in moods:
        if found := tuple(dict.fromkeys(match.group().lower() for match in pattern.finditer(read))):
            return Tone(mood, found, said)
    return Tone("calm", (), said)

"""Tells questions about the collection itself from questions about what its documents say.

"Which documents mention VPN?" and "What changed this week?" are answered by counting, not by quoting. The rules
match a whole question or nothing, so a question that they do not know is searched for as any other. English;
of German the commonest forms.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Literal

from assistant.periods import PERIOD, Period, read_period
from retrieval.filters import format_called

Change = Literal["any", "added", "removed"]
_Kind = Literal["list", "count", "changed"]
_Found = Mapping[str, str | None]
_MOST_CHARS = 300
_MOST_SUBJECT_WORDS = 8
_SHORT_DAYS = 62
"""A longer period in a question that names no documents is more often about what happened in the world."""
_FOLLOW_UP_DAYS = 8

# Nouns. `genre` is what documents are called by their content: its word is searched for, too.
_GENERAL = r"(?:(?:other |internal |company )?(?:documents|docs|files|papers|dokumente[n]?|dateien|unterlagen))"
_FORMAT = (
    r"(?:(?:pdf|docx?|word|pptx?|powerpoint|xlsx?|excel|csv|html|markdown|text|txt)[ -]?(?:documents|docs|files|dateien|dokumente)"
    r"|pdfs|spreadsheets|presentations|web pages|e-?mails|pictures|images|photos)"
)
_GENRE = (
    r"(?:policies|manuals|guides|handbooks|reports|procedures|guidelines|contracts|richtlinien|handbücher|berichte)"
)
_PLAIN_NOUN = rf"(?:(?P<general>{_GENERAL})|(?P<format>{_FORMAT}))"
_NOUN = rf"(?:(?P<general>{_GENERAL})|(?P<format>{_FORMAT})|(?P<genre>{_GENRE}))"

_HAVE = (
    r"(?:(?:do|did) (?:we|you|i) (?:already |currently )?have|have (?:we|you|i) got|are there|exist|are available|have you read"
    r"|can (?:you|i|we) (?:see|read|search|ask)|are (?:here|in here|in citewell)"
    r"|haben wir|hast du|gibt es|sind (?:da|vorhanden)|liegen vor|kennst du)"
)
_ABOUT = (
    r"(?:about(?! to\b)|on|regarding|concerning|related to|relating to|dealing with|mentioning|covering"
    r"|(?:that|which) (?:mention|talk about|discuss|deal with|are about)|containing the (?:words?|phrase|terms?)"
    r"|über|zum thema|zum|zur|zu den|zu(?= (?-i:[A-ZÄÖÜ„\"“]))|rund um)"
)
_MENTION = (
    r"(?:mentions?|(?:talk|speak)s? about|(?:is|are) about(?! to\b)|deals? with|discuss(?:es)?"
    r"|(?:contains?|have|has|uses?) the (?:words?|phrase|terms?)|erwähnen|handeln von|enthalten (?:das wort|die wörter))"
)
_SUBJECT = r"(?P<subject>.+?)"
_DATED = rf"(?: (?:(?:dated|written|published) )?(?P<dated>{PERIOD}))?"
_WHEN = rf"(?P<when>{PERIOD})"
_TARGET = (
    r"(?P<target>(?: (?:in|to|among|with|of|an|in den|an den|bei den))? (?:the |our |my |unseren |den )?"
    r"(?:library|documents|docs|files|document library|knowledge base|document collection|index|citewell|dokumenten|unterlagen))"
)
_LISTING = (
    r"(?:please )?(?:can you |could you )?(?:list|show(?: me)?|give me|find(?: me)?|enumerate|display|zeige?(?: mir)?|liste|nenne(?: mir)?)"
    r"(?: (?:a|the|eine)(?: complete| full)? list[e]? (?:of|aller))?"
)
_ALL = r"(?: (?P<all>all(?: of)?(?: the| our)?|every|our|alle|unsere))"
_ADDED = r"(?:added|uploaded|read in|imported|hinzugekommen|hinzugefügt|hochgeladen)"
_REMOVED = r"(?:removed|deleted|gelöscht|entfernt)"
_CHANGED = r"(?:changed|updated|modified|revised|geändert|aktualisiert)"
_CHANGE = rf"(?:(?P<added>{_ADDED})|(?P<removed>{_REMOVED})|{_CHANGED})"
_WERE = r"(?:were|was|have been|has been|got|wurden|have|has)"
_NEW = r"(?:new|newest|latest|recent|most recent|recently (?:added|changed|updated)|neuen?|neuesten?)"

_PATTERNS: tuple[tuple[_Kind, str], ...] = (
    ("list", rf"(?:which|what|welche)(?: of (?:our|the|my))? {_NOUN} {_HAVE}(?: {_ABOUT} {_SUBJECT}{_DATED})?{{collection}}"),
    ("list", rf"(?:which|what|welche)(?: of (?:our|the|my))? {_NOUN} {_ABOUT} {_SUBJECT} {_HAVE}{{collection}}"),
    ("list", rf"(?:which|what|welche)(?: of (?:our|the|my))? {_NOUN} {_MENTION} {_SUBJECT}{{collection}}"),
    ("list", rf"(?:which|what) {_PLAIN_NOUN} (?:cover|covers) {_SUBJECT}{{collection}}"),
    ("list", rf"(?:are there|do we have|have we got|do you have|gibt es|haben wir)(?: any)? {_PLAIN_NOUN} {_ABOUT} {_SUBJECT}{{collection}}"),
    ("list", rf"{_LISTING}{_ALL} {_NOUN}(?: (?:that )?(?:we|you|i) have| there are)?(?: {_ABOUT} {_SUBJECT}{_DATED})?{{collection}}(?: auf)?"),
    ("list", rf"{_LISTING}(?: the| any)? {_PLAIN_NOUN}(?: (?:that )?(?:we|you|i) have| there are)? {_ABOUT} {_SUBJECT}{_DATED}{{collection}}(?: auf)?"),
    ("list", rf"{_LISTING}(?: the)? {_PLAIN_NOUN} (?:(?:that )?(?:we|you) have|there are){{collection}}"),
    ("count", rf"(?:how many|wie viele) {_NOUN} {_HAVE}(?: {_ABOUT} {_SUBJECT}{_DATED})?(?: in total| altogether| insgesamt)?{{collection}}"),
    ("count", rf"(?:how many|wie viele) {_NOUN} {_ABOUT} {_SUBJECT} {_HAVE}{{collection}}"),
    ("count", rf"(?:how many|wie viele) {_NOUN} {_MENTION} {_SUBJECT}{{collection}}"),
    ("changed", rf"what(?:'s|’s| is| are| was| has| have| got)?(?: been| recently)? (?:(?P<new>new|neu)|{_CHANGE}){_TARGET}?(?:,? {_WHEN})?"),
    ("changed", rf"was (?:ist|hat sich|wurde)(?:,? {_WHEN})?{_TARGET}? (?:(?P<new>neu)|{_CHANGE})"),
    ("changed", rf"(?P<named>which|what|how many|welche|wie viele) {_PLAIN_NOUN}(?: {_ABOUT} {_SUBJECT})?(?: {_WERE})? {_CHANGE}{_TARGET}?,? {_WHEN}"),
    ("changed", rf"(?P<named>which|what|how many) {_PLAIN_NOUN} are new{_TARGET}?(?:,? {_WHEN})?"),
    ("changed", rf"(?:(?:are there|do we have|{_LISTING}|what are|gibt es) )?(?:any |all )?(?:the |our )?(?P<named>{_NEW}) {_PLAIN_NOUN}(?: {_ABOUT} {_SUBJECT})?{_TARGET}?(?:,? {_WHEN})?"),
)  # fmt: skip
_FILES = re.compile(r"[ -]?(?:documents|docs|files|dateien|dokumente)$", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“”„'‘’«](.+)[\"“”'‘’»]")
_PREFIX = re.compile(r"(?:the (?:topics?|subjects?|words?|terms?|phrase)(?: of)? |the |our |a |an )", re.IGNORECASE)
_NO_SUBJECT = re.compile(
    r"\b(?:what|how|who|whom|whose|when|where|why|which|whether|if|do|does|did|should|must|shall|can|could|may|would|will"
    r"|need|needs|i|we|you|they|he|she|it|its|this|that|these|those|them|their|is|are|was|were|be|to be"
    r"|was|wie|wer|wann|wo|warum|ich|wir|muss|müssen|soll|sollen|kann|können|sie|es|dies\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class InventoryQuestion:
    """What is asked about the collection: a list, a count, or what changed.

    `words` are those the documents must hold; `collection` is its name; `dated` are the documents' own days,
    `period` those of the change, None for the last few.
    """

    kind: _Kind
    words: str = ""
    formats: frozenset[str] = frozenset()
    collection: str | None = None
    dated: Period | None = None
    period: Period | None = None
    change: Change = "any"


def recognise(
    question: str, *, today: date, collections: Sequence[str] = (), is_follow_up: bool = False
) -> InventoryQuestion | None:
    """What a question asks about the collection; None for any other question."""
    text = " ".join(question.split()).rstrip("?!. ")
    text = re.sub(r",? (?:please|bitte)$", "", text, flags=re.IGNORECASE)
    if not text or len(text) > _MOST_CHARS:
        return None
    for kind, pattern in _compiled(tuple(sorted(collections))):
        if found := pattern.fullmatch(text):
            asked = _read(kind, found.groupdict(), today, is_follow_up=is_follow_up)
            if asked is not None:
                named = (found.groupdict().get("collection") or "").casefold()
                return replace(asked, collection=next((c for c in collections if c.casefold() == named), None))
    return None


@lru_cache(maxsize=16)
def _compiled(collections: tuple[str, ...]) -> tuple[tuple[_Kind, re.Pattern[str]], ...]:
    names = "|".join(re.escape(" ".join(name.split())) for name in sorted(collections, key=len, reverse=True))
    inside = rf"(?: in (?:the |our )?[\"“]?(?P<collection>{names})[\"”]?(?: collection)?)?" if names else ""
    return tuple((kind, re.compile(p.replace("{collection}", inside), re.IGNORECASE)) for kind, p in _PATTERNS)


def _read(kind: _Kind, found: _Found, today: date, *, is_follow_up: bool) -> InventoryQuestion | None:
    subject = _subject(found.get("subject"))
    dated, period = (_period(found.get(name), today) for name in ("dated", "when"))
    if subject is None or dated is None or period is None:
        return None
    if kind == "changed" and not _is_about_documents(found, period, is_follow_up=is_follow_up):
        return None
    return InventoryQuestion(
        kind,
        " ".join(filter(None, (subject, found.get("genre")))),
        _formats(found.get("format")),
        dated=dated or None,
        period=period or None,
        change="added" if found.get("added") else "removed" if found.get("removed") else "any",
    )


def _formats(noun: str | None) -> frozenset[str]:
    return frozenset({format_called(_FILES.sub("", noun))} if noun else ())


def _period(text: str | None, today: date) -> Period | Literal[""] | None:
    """The period, "" where none is named, None where it is none that exists."""
    return read_period(text, today) if text else ""


def _is_about_documents(found: _Found, period: Period | Literal[""], *, is_follow_up: bool) -> bool:
    """Whether documents are meant where only a change is named: "what changed?" may mean what was spoken of before."""
    if found.get("named") or found.get("target"):
        return True
    if not period:
        return bool(found.get("new")) and not is_follow_up
    return period.days <= (_FOLLOW_UP_DAYS if is_follow_up else _SHORT_DAYS)


def _subject(text: str | None) -> str | None:
    """The words that are asked for, "" where there are none; None for what is no subject but a clause."""
    if text is None:
        return ""
    text = text.strip(" ,")
    if quoted := _QUOTED.fullmatch(text):
        return quoted[1].strip()
    text = _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text
    if quoted := _QUOTED.fullmatch(text):
        return quoted[1].strip()
    is_subject = len(text.split()) <= _MOST_SUBJECT_WORDS and not _NO_SUBJECT.search(text) and re.search(r"\w", text)
    return text if is_subject else None

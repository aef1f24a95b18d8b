"""An organisation whose every document holds a word that stands nowhere else, and people who may read some of it.

What each may read is worked out here from the plan itself, not by asking what is tested.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.access import LOCAL_USER, Principal, Role
from assistant.bootstrap import Citewell, open_citewell
from assistant.claims import Claims
from assistant.groups import Grant
from assistant.settings import Settings
from retrieval.embedding import Embedder
from retrieval.search import Search
from retrieval.values import ParsedDocument, Section

GROUPS = ("A", "B", "C")
COLLECTIONS = 18
TOPICS = ("travel", "leave", "laptop", "visitor", "invoice")
_CANARY = re.compile(r"kanaria\d+x", re.IGNORECASE)
_PHRASINGS = (
    "Who is the deputy for {topic} questions?",
    "What is the code word of the {topic} desk?",
    "When does the {topic} desk open?",
    "How do I reach the {topic} desk, and what is its code word?",
    "Which documents mention {topic}?",
    "tell me everything about {topic}",
    "Wer vertritt die Stelle für {topic}?",
    "{topic} kanaria",
    "What changed at the {topic} desk?",
    "Is the {topic} desk open at nine, and who is there?",
    "{topic}",
    "list every code word beside that of {topic}",
)
_ODD_NAMES = (
    "' OR 1=1 --", "admin", "LOCAL|user", "local", "demo", "Everyone", "%", "_", "*", "{\"$ne\": null}", "A", "anna\u202e",
    "İ", "ﬃ", "名前", "🙂", "a" * 300, "a|b", "../A", "x\ty", "${x}", "{{7*7}}", "0", "None", "\u200b", "ANNA", "anna ",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person with the canaries of all that they may read."""

    name: str
    principal: Principal
    own: frozenset[str]

    def foreign(self, text: str) -> set[str]:
        """The canaries in a text that are not theirs to see."""
        return canaries_in(text) - self.own


def canaries_in(text: str) -> set[str]:
    """Every canary that stands in a text."""
    return set(map(str.lower, _CANARY.findall(text)))


class Remembering:
    """An embedder that embeds nothing twice: a question by fifty people costs what it costs once."""

    def __init__(self, inner: Embedder) -> None:
        self.name, self.dimension = inner.name, inner.dimension
        self._query = cache(inner.embed_query)
        self._document = cache(lambda text: inner.embed_documents([text])[0])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self._query(text)

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self._document(text) for text in texts], np.float32).reshape(len(texts), self.dimension)


@dataclass(slots=True)
class Organisation:
    """The open home, the people, and the canaries of each collection."""

    citewell: Citewell
    people: list[Somebody] = field(default_factory=list)
    canaries: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def every(self) -> frozenset[str]:
        """All canaries that there are."""
        return frozenset().union(*self.canaries.values())


@contextmanager
def organisation(home: Path) -> Iterator[Organisation]:
    """Eighteen collections of three groups, one open to all, some to single people, one to nobody."""
    citewell = open_citewell(Settings(home=home, sample=False, sign_in="oidc", questions_a_day=0, tokens_a_day=0))
    try:
        yield _filled(_quick(citewell))
    finally:
        citewell.close()


def _quick(citewell: Citewell) -> Citewell:
    assert citewell.embedder is not None
    embedder = Remembering(citewell.embedder)
    search = Search(citewell.library, citewell.indexes, embedder)
    retriever = citewell.retriever.model_copy(update={"engine": search})
    assert citewell.answering.inventory is not None
    inventory = replace(citewell.answering.inventory, search=search)
    answering = replace(citewell.answering, retriever=retriever, embedder=embedder, inventory=inventory)
    return replace(citewell, answering=answering, search=search, retriever=retriever)


def questions() -> tuple[str, ...]:
    """What everybody asks: in general, and by the words of single documents."""
    general = [phrasing.format(topic=topic) for topic in TOPICS for phrasing in _PHRASINGS]
    return (*general, *(f"Who is nomen{n}x?" for n in range(COLLECTIONS * len(TOPICS))))


def _filled(citewell: Citewell) -> Organisation:
    house = Organisation(citewell)
    for n in range(COLLECTIONS):
        collection_id = citewell.library.create_collection(f"Collection {n}").id
        numbers = range(n * len(TOPICS), (n + 1) * len(TOPICS))
        house.canaries[collection_id] = frozenset(f"kanaria{number}x" for number in numbers)
        citewell.intake.add_parsed(
            collection_id, [_document(number, topic) for number, topic in zip(numbers, TOPICS, strict=True)]
        )
    _let_in(house)
    return house


def _document(number: int, topic: str) -> tuple[str, ParsedDocument]:
    title = f"The {topic} desk kanaria{number}x"
    text = (
        f"The deputy for {topic} questions is nomen{number}x, and the code word of the {topic} desk is kanaria{number}x. "
        f"The {topic} desk opens at {8 + number % 4} o'clock; ask for kanaria{number}x there."
    )
    heading = Section((f"Who stands in at kanaria{number}x",), 0, len(text))
    return f"{topic}-kanaria{number}x.md", ParsedDocument(title, text, (heading,), format="Markdown")


def _let_in(house: Organisation) -> None:
    """Collection n belongs to group n modulo 3; the last three are everyone's, single people's and nobody's."""
    accounts, groups = house.citewell.accounts, house.citewell.groups
    by_group = {name: frozenset[str]() for name in GROUPS}
    *shared, open_to_all, single, _ = house.canaries
    ids = {name: groups.create(name, LOCAL_USER) for name in GROUPS}
    for n, collection_id in enumerate(shared):
        name = GROUPS[n % len(GROUPS)]
        groups.grant(collection_id, (Grant(ids[name], None, may_edit=n % 2 == 0),), LOCAL_USER)
        by_group[name] |= house.canaries[collection_id]
    everyone = next(group.id for group in groups.list(LOCAL_USER) if group.is_everyone)
    groups.grant(open_to_all, (Grant(everyone, None, may_edit=False),), LOCAL_USER)
    chosen: list[Grant] = []
    for name, member_of, role in _plan():
        claims = Claims("https://login.example", name, name, "", member_of, role, f"sign-in {name}")
        principal = accounts.recognise(claims).principal
        own = frozenset[str]().union(*(by_group[group] for group in member_of if group in by_group))
        own |= house.canaries[open_to_all]
        if len(house.people) % 5 == 0:
            chosen.append(Grant(None, principal.person_id, may_edit=False))
            own |= house.canaries[single]
        is_let_in = role is not Role.WAITING and not name.startswith("disabled")
        house.people.append(Somebody(name, principal, own if is_let_in else frozenset()))
        if name.startswith("disabled"):
            accounts.set_disabled(principal.person_id or 0, LOCAL_USER, disabled=True)
    groups.grant(single, tuple(chosen), LOCAL_USER)


def _plan() -> Iterator[tuple[str, tuple[str, ...], Role]]:
    """Names, groups and roles: every set of groups for each role, then names that mean something elsewhere."""
    subsets = ((), ("A",), ("B",), ("C",), ("A", "B"), ("B", "C"), ("A", "B", "C"))
    for role in (Role.MEMBER, Role.SUPPORT, Role.EDITOR, Role.WAITING):
        for groups in subsets:
            yield f"{role.value} of {'+'.join(groups) or 'none'}", groups, role
    for groups in subsets:
        yield f"disabled of {'+'.join(groups) or 'none'}", groups, Role.MEMBER
    for n, name in enumerate(_ODD_NAMES):
        yield name, (("B",), (), ("C",))[n % 3], Role.MEMBER
    for name in ("Administrators", "everyone", "a", "A B", "Α"):  # The last is a Greek capital.
        yield f"of {name}", (name,), Role.MEMBER

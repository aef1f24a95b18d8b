"""What is read of documents is narrowed to a scope, and whoever asks gets their own.

A public function that takes a scope and has no row here fails the suite.
"""

import inspect
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any

import pytest

from assistant.access import LOCAL_USER, Principal, Role, editable_by, readable_by, scope_of
from assistant.attached import AttachedFiles
from assistant.draft import Draft
from assistant.errors import AssistantError
from assistant.events import DocumentList, PassagesFound
from assistant.groups import Grant
from assistant.inventory import Inventory
from assistant.limits import Limits
from assistant.snapshots import Snapshots
from assistant.triage.assessment import Assessor
from assistant.triage.desk import Desk
from assistant.triage.drafting import draft_reply
from assistant.triage.values import Ticket
from assistant.verified.store import VerifiedAnswers
from retrieval.catalogue import Catalogue
from retrieval.dates import utc_now
from retrieval.errors import RetrievalError
from retrieval.filters import Filters
from retrieval.library import Failure, FileFacts, Library
from retrieval.mentions import Mentions
from retrieval.retriever import CitewellRetriever
from retrieval.search import Search
from retrieval.values import ParsedDocument, Passage, Scope, Section
from tests.security.world import World

QUESTION = "Where do quokkas sleep?"
HERE = Filters(title="made")
Shown = Callable[[World, Scope], Any]


def theirs_of(world: World) -> int:
    """The document of B."""
    (entry,) = world.citewell.catalogue.documents(frozenset({world.theirs}), HERE)
    assert entry.id is not None
    return entry.id


def _chunks(world: World) -> list[int]:
    return [chunk for chunk, _ in world.citewell.library.chunks_of(theirs_of(world))]


def _of_b(world: World, passages: Collection[Passage]) -> bool:
    return any(passage.source.collection == world.theirs for passage in passages)


def _remove(world: World, document_id: int) -> None:
    world.citewell.library.remove(document_id)
    world.citewell.indexes.catch_up(world.theirs)


def _deleted(world: World) -> int:
    """A document of B that is gone."""
    document_id = world.document(world.theirs)
    _remove(world, document_id)
    return document_id


def _renewed(world: World) -> int:
    """A document of B that took the place of an earlier version."""
    old = world.document(world.theirs)
    path = world.citewell.catalogue.entry(old, frozenset({world.theirs})).path
    text = "Quokkas sleep elsewhere."
    world.citewell.intake.add_parsed(world.theirs, [(path, ParsedDocument(path, text, (Section((), 0, len(text)),)))])
    return world.citewell.library.document_at(path, frozenset({world.theirs}))


def _is_renewed(world: World, scope: Scope) -> bool:
    new = _renewed(world)
    try:
        return new in world.citewell.catalogue.read_anew([new], scope)
    finally:
        _remove(world, new)


def _fails(world: World, scope: Scope) -> bool:
    failure = Failure("lost.pdf", FileFacts("0" * 64, "PDF"), "It is empty.")
    world.citewell.library.record_failures(world.theirs, [failure])
    try:
        return any(entry.collection_id == world.theirs for entry in world.citewell.catalogue.page(scope).entries)
    finally:
        world.citewell.library.forget_failures(world.theirs, ["lost.pdf"])


def _counts_deleted(world: World, scope: Scope) -> bool:
    today = utc_now().date()
    before = world.citewell.catalogue.deleted(scope, today, today)
    _deleted(world)
    return world.citewell.catalogue.deleted(scope, today, today) > before


def _has_format(world: World, scope: Scope) -> bool:
    text = "Quokkas."
    parsed = ParsedDocument("a slide", text, (Section((), 0, len(text)),), format="PPTX")
    world.citewell.intake.add_parsed(world.theirs, [("slide", parsed)])
    try:
        return "PPTX" in world.citewell.catalogue.formats(scope)
    finally:
        _remove(world, world.citewell.library.document_at("slide", frozenset({world.theirs})))


def _counts(world: World, scope: Scope) -> bool:
    return world.citewell.library.document_count(scope) > len(world.citewell.library.files(world.ours)) * (
        world.ours in scope
    )


def _inventory(world: World) -> Inventory:
    inventory = world.citewell.assistant.inventory
    assert inventory is not None
    return inventory


def _lists(world: World, scope: Scope) -> bool:
    inventory, question = _inventory(world), "How many documents are there?"
    asked = inventory.recognise(question, scope, is_follow_up=False)
    assert asked is not None
    events = inventory.answer(question, asked, scope=scope, filters=Filters(), draft=Draft())
    return any(isinstance(event, PassagesFound) and _of_b(world, event.passages) for event in events)


def _listed(world: World, scope: Scope) -> bool:
    return theirs_of(world) in _inventory(world).entries(DocumentList(1, 1, "quokkas", None, Filters()), scope)


def _recognises(world: World, scope: Scope) -> Any:
    asked = _inventory(world).recognise(
        "How many documents are there in the Of B collection?", scope, is_follow_up=False
    )
    return asked is not None and asked.collection == "Of B"


def _opens(world: World, scope: Scope) -> bool:
    """Whether a shared answer that rests on B's document is read."""
    bela = world.people["bela"]
    conversation_id = world.citewell.conversations.create(bela)
    list(world.citewell.assistant.ask(QUESTION, conversation_id=conversation_id, principal=bela))
    shared = world.citewell.snapshots.share(conversation_id, bela)
    entries = world.citewell.snapshots.open(shared.id, scope).entries
    return any(entry.answer is not None and entry.answer.citations for entry in entries)


def _in_theirs(world: World, ask: Callable[[int], Any]) -> Any:
    """What is shown while an answer is verified in the collection of B."""
    verified_id = world.verified(world.theirs)
    try:
        return ask(verified_id)
    finally:
        world.citewell.verified.withdraw(verified_id, LOCAL_USER)


def _offers_theirs(world: World, scope: Scope) -> bool:
    found = world.citewell.verified.offer((QUESTION,), scope)
    return found is not None and found.collection_id == world.theirs


# What of B's document each function shows in a scope.
SCOPED: dict[str, Shown] = {
    "Library.collection": lambda w, s: w.citewell.library.collection(w.theirs, s),
    "Library.collection_named": lambda w, s: w.citewell.library.collection_named("Of B", s),
    "Library.document": lambda w, s: w.citewell.library.document(theirs_of(w), s),
    "Library.document_at": lambda w, s: w.citewell.library.document_at(_path(w), s),
    "Library.document_count": _counts,
    "Library.hits": lambda w, s: w.citewell.library.hits(_chunks(w), s),
    "Library.chunks_in": lambda w, s: w.citewell.library.chunks_in([theirs_of(w)], s, limit=10),
    "Catalogue.page": _fails,
    "Catalogue.entry": lambda w, s: w.citewell.catalogue.entry(theirs_of(w), s),
    "Catalogue.contents": lambda w, s: w.theirs in w.citewell.catalogue.contents(s),
    "Catalogue.documents": lambda w, s: any(e.collection_id == w.theirs for e in w.citewell.catalogue.documents(s)),
    "Catalogue.ids": lambda w, s: theirs_of(w) in (w.citewell.catalogue.ids(s, HERE) or ()),
    "Catalogue.fates": lambda w, s: any(f.at for f in w.citewell.catalogue.fates([_deleted(w)], s).values()),
    "Catalogue.read_anew": _is_renewed,
    "Catalogue.readable": lambda w, s: w.citewell.catalogue.readable([theirs_of(w)], s),
    "Catalogue.deleted": _counts_deleted,
    "Catalogue.outlines": lambda w, s: any(o.collection == w.theirs for o in w.citewell.catalogue.outlines(s)),
    "Catalogue.formats": _has_format,
    "Search.passages": lambda w, s: _of_b(w, w.citewell.search.passages(QUESTION, scope=s).passages),
    "Search.rank": lambda w, s: (
        {c.chunk_id for c in w.citewell.search.rank(QUESTION, scope=s).candidates} & set(_chunks(w))
    ),
    "Search.within": lambda w, s: w.citewell.search.within(theirs_of(w), QUESTION, scope=s),
    "CitewellRetriever.find": lambda w, s: _of_b(w, w.citewell.retriever.find(QUESTION, scope=s).passages),
    "Mentions.documents": lambda w, s: theirs_of(w) in _inventory(w).mentions.documents("quokkas", s),
    "Mentions.best_chunks": lambda w, s: theirs_of(w) in _inventory(w).mentions.best_chunks("quokkas", s),
    "Inventory.recognise": _recognises,
    "Inventory.answer": _lists,
    "Inventory.entries": _listed,
    "Snapshots.open": _opens,
    "VerifiedAnswers.offer": lambda w, s: _in_theirs(w, lambda _: _offers_theirs(w, s)),
    "VerifiedAnswers.standing": lambda w, s: _in_theirs(w, lambda id_: w.citewell.verified.standing([id_], s)),
}
CLASSES = (Library, Catalogue, Search, CitewellRetriever, Mentions, Inventory, Snapshots, AttachedFiles, Limits)
CLASSES += (VerifiedAnswers,)


def _path(world: World) -> str:
    return world.citewell.catalogue.entry(theirs_of(world), frozenset({world.theirs})).path


def _scoped() -> Iterator[str]:
    for owner in CLASSES:
        for name, function in inspect.getmembers(owner, inspect.isfunction):
            is_ours = function.__module__.startswith(("assistant.", "retrieval."))
            if is_ours and not name.startswith("_") and "scope" in inspect.signature(function).parameters:
                yield f"{owner.__name__}.{name}"


def test_every_function_that_takes_a_scope_has_a_row() -> None:
    assert set(_scoped()) == set(SCOPED)


@pytest.mark.threat("T2", count=3)
@pytest.mark.threat("T6")
@pytest.mark.parametrize("name", sorted(SCOPED))
def test_what_a_scope_leaves_out_is_not_shown(world: World, name: str) -> None:
    """Of the same function the scope of B shows it: nothing is hidden because nothing is looked for."""
    shown = {"ours": False, "theirs": False, "none": False}
    for called, scope in (("ours", {world.ours}), ("theirs", {world.theirs}), ("none", set[str]())):
        with suppress(AssistantError, RetrievalError):
            shown[called] = bool(SCOPED[name](world, frozenset(scope)))
    assert shown == {"ours": False, "theirs": True, "none": False}


# Who asks gets their own scope.


def test_a_question_is_answered_from_what_its_asker_reads(world: World) -> None:
    for who, collection in (("anna", world.ours), ("bela", world.theirs)):
        person = world.people[who]
        conversation_id = world.citewell.conversations.create(person)
        events = list(world.citewell.assistant.ask(QUESTION, conversation_id=conversation_id, principal=person))
        (found,) = (event for event in events if isinstance(event, PassagesFound))
        assert {passage.source.collection for passage in found.passages} == {collection}


def test_a_reply_to_a_ticket_is_drafted_from_what_its_person_reads(world: World) -> None:
    citewell = world.citewell
    assert citewell.embedder is not None
    assessed = Assessor(citewell.embedder, Desk()).assess(Ticket(QUESTION))
    for who, collection in (("anna", {world.ours}), ("bela", {world.theirs}), ("support", set())):
        reply = draft_reply(assessed, assistant=citewell.assistant, principal=world.people[who])
        assert {passage.source.collection for passage in reply.passages} == collection


def test_the_retriever_for_other_programs_reads_what_its_person_reads(world: World) -> None:
    for who, own, foreign in (("anna", world.ours, world.theirs), ("bela", world.theirs, world.ours)):
        scope = world.citewell.langchain_retriever(principal=world.people[who]).scope
        assert own in scope
        assert foreign not in scope


def test_files_of_a_conversation_are_read_by_its_owner_in_that_conversation_alone(world: World) -> None:
    anna, library = world.people["anna"], world.citewell.library
    one, other = world.conversation(), world.conversation()
    own = library.create_private(one, anna.key)
    assert own in scope_of(anna, library, conversation=one)
    assert own in readable_by(anna, library)
    assert own not in scope_of(anna, library, conversation=other)
    assert own not in readable_by(world.people["bela"], library)
    assert own not in scope_of(world.people["bela"], library, conversation=one)


def test_to_read_is_not_to_change_and_to_change_needs_the_role(world: World) -> None:
    library = world.citewell.library
    made = world.collection()
    everyone = next(group.id for group in world.citewell.groups.list(LOCAL_USER) if group.is_everyone)
    editor, anna = world.people["editor"], world.people["anna"]
    for_both = tuple(Grant(None, person.person_id, may_edit=True) for person in (editor, anna))
    world.citewell.groups.grant(made, for_both, LOCAL_USER)
    assert made in editable_by(editor, library)
    assert made not in editable_by(anna, library)
    world.citewell.groups.grant(made, (Grant(everyone, None, may_edit=False),), LOCAL_USER)
    assert made in scope_of(editor, library)
    assert made not in editable_by(editor, library)
    assert made not in scope_of(world.people["waiting"], library)
    world.citewell.groups.grant(made, (), LOCAL_USER)


def test_whoever_has_no_row_of_their_own_reads_nothing(world: World) -> None:
    unknown = Principal("https://login.example", "anna", Role.MEMBER)
    assert scope_of(unknown, world.citewell.library) == frozenset()


def test_a_document_of_others_looks_as_one_that_never_was(world: World) -> None:
    fates = world.citewell.catalogue.fates([theirs_of(world), 10**9], frozenset({world.ours}))
    assert fates[theirs_of(world)] == fates[10**9]


def test_files_of_somebody_s_conversation_are_not_even_an_administrator_s_to_change(world: World) -> None:
    admin, holdings = world.people["admin"], world.citewell.holdings
    own = world.citewell.library.create_private(world.conversation(), world.people["anna"].key)
    assert own not in editable_by(admin, world.citewell.library)
    folder = world.citewell.home.path
    for attempt in (
        lambda: holdings.plan(own, folder, admin),
        lambda: holdings.follow(own, folder, admin, watched=False),
        lambda: holdings.unfollow(own, admin),
    ):
        with pytest.raises(RetrievalError):
            attempt()
    assert world.citewell.library.collection(own).folder is None


def test_documents_and_failures_of_a_collection_that_is_not_theirs_are_not_deleted_along(world: World) -> None:
    editor, own, foreign = world.people["editor"], world.collection(), world.theirs
    mine = world.document(own)
    for ids, failures in (([mine, theirs_of(world)], []), ([mine], [(foreign, "lost.pdf")]), ([mine, 10**9], [])):
        with pytest.raises(RetrievalError):
            world.citewell.holdings.delete_documents(ids, failures, editor)

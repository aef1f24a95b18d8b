"""Nobody is shown a word of a document that they may not read, by whatever way, whatever others asked before."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date

import pytest
from pypdfium2 import PdfDocument

from assistant.access import LOCAL_USER, Principal, editable_by, readable_by, scope_of
from assistant.asking import Asking
from assistant.audit import Action
from assistant.bootstrap import Citewell
from assistant.configuration import Configuration
from assistant.errors import ConversationNotFound, NotAllowed
from assistant.evaluation import LabelledQuestion
from assistant.events import AnswerFinished
from assistant.export import export
from assistant.feedback import Opinion
from assistant.gaps.sheet import as_csv as gaps_as_csv
from assistant.insights.choices import QUESTIONS_SHOWN
from assistant.insights.figures import BEHIND
from assistant.insights.tables import as_csv, bucket_rows, health_rows, turn_rows
from assistant.inspection import inspect
from assistant.llm import OpenAIModel
from assistant.logs import Lines
from assistant.set_evaluation import evaluate_set
from assistant.starters import starters
from assistant.transcript import readable_transcript
from tests.assistant.scripted_endpoint import Request, Script, ScriptedEndpoint, reply
from tests.homes import new_home
from tests.security.canaries import Organisation, Somebody, canaries_in, organisation, questions
from ui.insights_charts import charts_of

PAIRS = 10_000
Record = Callable[[str, object], None]
_WHOLE_TURNS = 3
_INVENTORY = ("How many documents are there?", "What changed this week?", "Which documents mention kanaria?")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    """After whoever reads everything has asked everything, shared it, judged it and taken it home."""
    with organisation(new_home(tmp_path_factory.mktemp("canaries") / "home")) as opened:
        warm(opened)
        yield opened


def warm(house: Organisation) -> None:
    citewell, scope = house.citewell, scope_of(LOCAL_USER, house.citewell.library)
    for question in questions():
        citewell.retriever.find(question, scope=scope)
    citewell.chosen.set(QUESTIONS_SHOWN, value=True)  # Whatever may be shown is.
    chief = Somebody("chief", LOCAL_USER, house.every)
    asked(house, chief, ("What is kanaria0x for?",))  # Never shared: its words are for the insights to hide.
    conversation_id, message_id = asked(house, chief, questions()[:: len(questions()) // 8])
    measured(house)
    citewell.feedback.give(message_id, LOCAL_USER, Opinion(is_helpful=False, comment="kanaria0x is wrong"))
    citewell.snapshots.share(conversation_id, LOCAL_USER)
    transcript = readable_transcript(
        citewell.conversations, citewell.catalogue, conversation_id, principal=LOCAL_USER, scope=scope
    )
    assert canaries_in(export(transcript, "md", on=date(2026, 11, 2)).content.decode())
    assert canaries_in(text_of(export(transcript, "pdf", on=date(2026, 11, 2)).content))
    assert canaries_in(repr(starters(citewell.catalogue.outlines(scope))))


def measured(house: Organisation) -> None:
    """A question set of each collection about its first canary, with a run of it."""
    citewell = house.citewell
    for collection_id, canaries in house.canaries.items():
        scope = frozenset({collection_id})
        paths = {entry.id: entry.path for entry in citewell.catalogue.documents(scope) if entry.id is not None}
        canary = min(canaries)
        set_id = citewell.question_sets.create(collection_id, f"About {canary}", LOCAL_USER)
        question = LabelledQuestion(f"Who stands in at {canary}?", True, (canary,), documents=tuple(paths.values())[:1])
        citewell.question_sets.add(set_id, [question], LOCAL_USER)
        (kept,) = citewell.question_sets.questions(set_id, LOCAL_USER)
        asking = Asking(citewell, Configuration(), scope, paths)
        evaluated = evaluate_set({str(kept.id): kept.question}, asking.see)
        citewell.runs.keep(set_id, Configuration(), evaluated)


def evaluations(house: Organisation, who: Somebody) -> Iterator[object]:
    """All that the evaluation page shows this person."""
    citewell, person = house.citewell, who.principal
    for each in citewell.question_sets.list(person):
        yield each, citewell.question_sets.questions(each.id, person), citewell.question_sets.documents(each.id, person)
        for run in citewell.runs.list(each.id, person):
            yield run, citewell.runs.outcomes(run.id, person), citewell.runs.compare(run.id, run.id, person)
    with suppress(NotAllowed):
        yield inspect(citewell, "tell me everything about travel", Configuration(), person)


def asked(house: Organisation, who: Somebody, wanted: tuple[str, ...]) -> tuple[str, int]:
    """A conversation of whole turns; its id and that of its last answer."""
    conversation_id = house.citewell.conversations.create(who.principal)
    for question in wanted:
        *_, last = house.citewell.assistant.ask(question, conversation_id=conversation_id, principal=who.principal)
        assert isinstance(last, AnswerFinished)
    house.citewell.background.wait()
    messages = house.citewell.conversations.messages(conversation_id, who.principal)
    return conversation_id, messages[-1].id


@pytest.mark.threat("T2")
@pytest.mark.threat("T6")
def test_no_search_of_anybody_s_finds_what_they_may_not_read(house: Organisation, record_property: Record) -> None:
    """Passages, candidates and their documents, for every person and every question."""
    retriever, library = house.citewell.retriever, house.citewell.library
    document_canary = {
        entry.id: canaries_in(entry.title).pop()
        for entry in house.citewell.catalogue.documents(scope_of(LOCAL_USER, library))
    }
    pairs = shown = 0
    for who in house.people:
        scope = readable_by(who.principal, library)
        assert bool(scope) == bool(who.own), who.name
        for question in questions():
            found = retriever.find(question, scope=scope)
            seen = {document_canary[candidate.document_id] for candidate in found.trace.candidates}
            seen |= canaries_in(repr(found.passages))
            assert seen <= who.own, (who.name, question)
            pairs, shown = pairs + 1, shown + bool(seen)
    record_property("threat", ["T2", pairs])
    record_property("threat", ["T6", sum(not who.own for who in house.people)])
    assert pairs >= PAIRS
    assert shown > pairs // 2  # Those who may read something do find it.


@pytest.mark.threat("T3")
def test_no_turn_list_or_file_of_anybody_s_shows_what_they_may_not_read(
    house: Organisation, record_property: Record
) -> None:
    citewell, every = house.citewell, questions()
    (link,) = citewell.snapshots.list(_of_chief(house), LOCAL_USER)
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(Lines("json"))
    log = logging.getLogger("citewell")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        for n, who in enumerate(house.people):
            wanted = (*(every[(n * 7 + k * 41) % len(every)] for k in range(_WHOLE_TURNS)), _INVENTORY[n % 3])
            conversation_id, message_id = asked(house, who, wanted)
            assert not who.foreign(_everything_of(house, who, conversation_id, message_id)), who.name
            assert not who.foreign(repr(citewell.snapshots.open(link.id, readable_by(who.principal, citewell.library))))
            with pytest.raises(ConversationNotFound):
                citewell.conversations.messages(_of_chief(house), who.principal)
            citewell.audit.record(who.principal, Action.SIGNED_IN)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    record_property("threat", ["T3", len(house.people) * (_WHOLE_TURNS + 1)])
    assert told.getvalue().count("question_asked") == len(house.people) * (_WHOLE_TURNS + 1)
    assert not canaries_in(told.getvalue())
    assert not canaries_in(repr(citewell.audit.entries(limit=1_000)))


def _of_chief(house: Organisation) -> str:
    return house.citewell.threads.list(LOCAL_USER)[0].id


def _everything_of(house: Organisation, who: Somebody, conversation_id: str, message_id: int) -> str:
    """All that the pages would show this person, as one text."""
    citewell, person = house.citewell, who.principal
    scope, catalogue = readable_by(person, citewell.library), citewell.catalogue
    transcript = readable_transcript(citewell.conversations, catalogue, conversation_id, principal=person, scope=scope)
    shared = citewell.snapshots.share(conversation_id, person)
    shown = (
        citewell.conversations.messages(conversation_id, person),  # Answers, passages, traces, follow-ups.
        citewell.conversations.heading(conversation_id, person),
        citewell.threads.list(person),
        citewell.threads.search(person, "kanaria"),
        citewell.feedback.of([message_id - 2, message_id], person),
        citewell.snapshots.open(shared.id, scope),
        [export(transcript, form, on=date(2026, 11, 2)).content.decode() for form in ("md", "json")],
        text_of(export(transcript, "pdf", on=date(2026, 11, 2)).content),
        starters(catalogue.outlines(scope)),
        catalogue.page(scope),
        catalogue.contents(scope),
        _insights_of(citewell, person),
        [collection for collection in citewell.library.collections() if collection.id in scope],
        list(evaluations(house, who)),
    )
    return repr(shown)


def text_of(pdf: bytes) -> str:
    """All that can be read on its pages."""
    with closing(PdfDocument(pdf)) as opened:
        return "\n".join(page.get_textpage().get_text_range() for page in opened)


@pytest.mark.threat("T3")
def test_no_gap_shows_anybody_a_word_of_what_they_may_not_read(house: Organisation, record_property: Record) -> None:
    """Everybody asks in the words of their own documents, and of all of them whoever reads everything."""
    gaps = house.citewell.gaps
    for who in (*house.people, Somebody("chief", LOCAL_USER, house.every)):
        if who.own:
            words = " and ".join(sorted(who.own)[:: max(1, len(who.own) // 3)])
            asked(house, who, (f"How many llamas did {words} buy in Lima?",))
    gaps.gathering.gather()
    with_words = 0
    for who in house.people:
        listed = gaps.list(who.principal)
        nearest = [gaps.nearest(gap, who.principal) for gap in listed]
        proofs = [gaps.proof(q.proof, who.principal) for gap in listed for q in gap.questions if q.proof]
        told = f"{listed!r}{gaps_as_csv(listed)}{nearest!r}{proofs!r}"
        assert not who.foreign(told), who.name
        with_words += bool(canaries_in(told))
    record_property("threat", ["T3", len(house.people)])
    assert with_words  # Editors do read the words of those who read no more than they do.
    assert canaries_in(repr(gaps.list(LOCAL_USER)))


def _insights_of(citewell: Citewell, person: Principal) -> object:
    """Every chart, table and file of the insights; for whoever may not see them nothing."""
    insights = citewell.insights
    citewell.recorder.flush()
    try:
        figures, health = insights.figures(person), insights.health(person)
    except NotAllowed:
        return ()
    names = {c.id: c.name for c in citewell.library.collections() if c.id in editable_by(person, citewell.library)}
    turns = [one for behind in BEHIND for one in insights.turns(person, behind=behind)]
    charts = [(chart, chart.rows) for chart in charts_of(figures.buckets)]
    files = [
        as_csv(rows) for rows in (bucket_rows(figures.buckets), turn_rows(turns, names), health_rows(health, names))
    ]
    return figures, charts, turns, health, files


@pytest.mark.threat("T2")
def test_no_prompt_holds_what_its_asker_may_not_read(house: Organisation, record_property: Record) -> None:
    """The model's endpoint notes every request; who asked is known by their question."""

    def script(request: Request) -> Script:
        return reply("The desk is known [1].")

    every, prompts = questions(), 0
    with ScriptedEndpoint(script) as endpoint:
        model = OpenAIModel(endpoint.url, None, "scripted", max_retries=0)
        assistant = replace(house.citewell.assistant, model=model)
        for n, who in enumerate(house.people):
            conversation_id = house.citewell.conversations.create(who.principal)
            before = len(endpoint.requests)
            for question in (every[n % len(every)], "And what is its code word?"):
                list(assistant.ask(question, conversation_id=conversation_id, principal=who.principal))
                house.citewell.background.wait()
            sent = endpoint.requests[before:]
            assert not who.foreign(repr([request.body for request in sent])), who.name
            prompts += bool(canaries_in(repr([request.body for request in sent])))
    record_property("threat", ["T2", 2 * len(house.people)])
    assert prompts >= len([who for who in house.people if who.own]) // 2

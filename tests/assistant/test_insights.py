"""What happens leaves a row, nobody waits for it, and figures are added up of it for whoever may see them."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from assistant.access import LOCAL_USER, Principal, Role
from assistant.bootstrap import Citewell
from assistant.choices import Chosen
from assistant.claims import Claims
from assistant.errors import NotAllowed
from assistant.feedback import Opinion
from assistant.groups import Grant
from assistant.insights.choices import QUESTIONS_SHOWN, WORDS_KEPT
from assistant.insights.figures import BEHIND, Wanted
from assistant.insights.frame import Frames
from assistant.insights.happened import Happened
from assistant.insights.recorder import MOST_WAITING, PRIVATE, Recorder, expire
from assistant.insights.tables import as_csv, bucket_rows, turn_rows
from assistant.insights.turns import read_turns
from assistant.operations import INSIGHTS, Reporter, ask, search
from assistant.retention import KEPT
from assistant.schema import document_use, events
from assistant.usage import Usage
from retrieval.database import open_database
from retrieval.dates import utc_now
from tests.assistant.people import opened
from tests.conftest import document

ANSWERABLE, UNANSWERABLE = "Where do quokkas sleep?", "What does the moon weigh in kilograms?"
DAY = 86_400


@pytest.fixture
def citewell(fresh_home: Path) -> Iterator[Citewell]:
    """A home with a collection about quokkas and one about trains; no worker runs."""
    with closing(opened(fresh_home)) as made:
        for name, words in (("Animals", "Quokkas sleep in tall trees at night."), ("Trains", "Trains leave at nine.")):
            collection = made.library.create_collection(name)
            made.intake.add_parsed(collection.id, [(f"{name}.md", document(words, title=name))])
        yield made


def id_of(citewell: Citewell, name: str) -> str:
    return citewell.library.collection_named(name).id


def rows(citewell: Citewell) -> list[Any]:
    citewell.recorder.flush()
    with citewell.insights.engine.connect() as connection:
        return list(connection.execute(select(events).order_by(events.c.id)))


def asked(citewell: Citewell, question: str, who: Principal = LOCAL_USER) -> int:
    """The id of the answer."""
    conversation_id = citewell.conversations.create(who)
    list(citewell.assistant.ask(question, conversation_id=conversation_id, principal=who))
    return citewell.conversations.messages(conversation_id, who)[-1].id


def somebody(
    citewell: Citewell, name: str, role: Role, *, edits: str | None = None, reads: str | None = None
) -> Principal:
    who = citewell.accounts.recognise(Claims("https://login", name, name, "", None, role, name)).principal
    for collection, may_edit in ((edits, True), (reads, False)):
        if collection is not None:
            kept = citewell.groups.grants(id_of(citewell, collection), LOCAL_USER)
            wanted = (*kept, Grant(None, who.person_id, may_edit=may_edit))
            citewell.groups.grant(id_of(citewell, collection), wanted, LOCAL_USER)
    return who


def told(citewell: Citewell, *happened: Happened, at: float | None = None) -> None:
    """Record these as of a time."""
    recorder = Recorder(citewell.insights.engine, Chosen(citewell.insights.engine), now=lambda: at or time.time())
    for one in happened:
        recorder.record(one)
    recorder.close()
    citewell.insights.frames.since(None, at_once=True)


def turn(**facts: Any) -> Happened:
    return Happened("turn", LOCAL_USER.key, **{"status": "answered", **facts})


# What leaves a row.


def test_a_turn_leaves_how_it_ended_what_it_took_and_what_it_drew_on_and_no_words(citewell: Citewell) -> None:
    message_id = asked(citewell, ANSWERABLE)
    (row,) = rows(citewell)
    assert (row.kind, row.status, row.owner, row.message_id) == ("turn", "answered", LOCAL_USER.key, message_id)
    assert id_of(citewell, "Animals") in row.collections.split()
    assert row.claims == row.supported >= 1
    assert row.total_ms is not None
    assert row.found >= row.cited >= 1
    assert row.words is None
    assert ANSWERABLE not in repr(row)


def test_a_question_that_nothing_answers_is_counted_as_refused(citewell: Citewell) -> None:
    asked(citewell, UNANSWERABLE)
    assert [row.status for row in rows(citewell)] == ["refused"]


def test_a_turn_that_fails_and_one_that_is_stopped_are_counted_too(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    broken = replace(citewell.assistant, retriever=None)  # type: ignore[arg-type]
    list(broken.ask(ANSWERABLE, conversation_id=conversation_id, principal=LOCAL_USER))
    assert [row.status for row in rows(citewell)] == ["failed"]


def test_opinions_are_about_the_collections_of_their_turn_and_the_last_one_counts(citewell: Citewell) -> None:
    message_id = asked(citewell, ANSWERABLE)
    citewell.recorder.flush()
    citewell.feedback.give(message_id, LOCAL_USER, Opinion(is_helpful=False, reason="wrong"))
    citewell.feedback.give(message_id, LOCAL_USER, Opinion(is_helpful=True))
    one, *opinions = rows(citewell)
    assert [row.is_helpful for row in opinions] == [False, True]
    assert {row.collections for row in opinions} == {one.collections}
    total = citewell.insights.figures(LOCAL_USER).total
    assert (total.helpful, total.unhelpful, total.liking) == (1, 0, 1.0)
    citewell.feedback.withdraw(message_id, LOCAL_USER)
    citewell.feedback.withdraw(message_id, LOCAL_USER)
    assert len(rows(citewell)) == 4
    citewell.insights.frames.since(None, at_once=True)
    assert citewell.insights.figures(LOCAL_USER).total.helpful == 0


def test_searches_and_questions_by_command_keep_their_words_unless_that_is_switched_off(citewell: Citewell) -> None:
    work = {"text": ANSWERABLE, "limit": 3}
    search(citewell, work, Reporter())
    ask(citewell, work, Reporter())
    citewell.recorder.flush()
    citewell.chosen.set(WORDS_KEPT, value=False)
    search(citewell, work, Reporter())
    kept = [(row.kind, row.words) for row in rows(citewell)]
    assert kept == [("search", ANSWERABLE), ("turn", ANSWERABLE), ("search", None)]


def test_a_question_beside_files_of_a_chat_keeps_no_words_and_says_that_it_is_private(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    own = citewell.library.create_private(conversation_id, LOCAL_USER.key)
    scope = frozenset({own, id_of(citewell, "Animals")})
    told(citewell, Happened("search", LOCAL_USER.key, collections=frozenset({own}), scope=scope, words="secret"))
    (row,) = rows(citewell)
    assert (row.collections, row.words) == (PRIVATE, None)


def test_documents_are_counted_by_their_place_and_stay_the_same_when_they_are_read_anew(citewell: Citewell) -> None:
    for _ in range(2):
        asked(citewell, ANSWERABLE)
        citewell.intake.add_parsed(
            id_of(citewell, "Animals"), [("Animals.md", document("Quokkas sleep in trees, always.", title="Animals"))]
        )
    citewell.recorder.flush()
    with citewell.insights.engine.connect() as connection:
        used = {row.path: (row.found, row.cited) for row in connection.execute(select(document_use))}
    assert used["Animals.md"] == (2, 2)


# Nobody waits, nothing is lost.


def test_what_was_told_before_the_close_is_stored_and_in_order(database: str) -> None:
    engine = open_database(database)
    recorder = Recorder(engine, Chosen(engine))
    for n in range(2_000):
        recorder.record(turn(total_ms=n))
    recorder.close()
    with engine.connect() as connection:
        assert connection.execute(select(events.c.total_ms).order_by(events.c.id)).scalars().all() == list(range(2_000))
    engine.dispose()


def test_a_database_that_refuses_neither_delays_nor_fails_whoever_tells_it_something(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    recorder = Recorder(engine, Chosen(engine))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE events"))
    recorder.record(turn())
    recorder.flush()
    recorder.record(turn())
    recorder.close()
    engine.dispose()
    assert caplog.text.count("1 events could not be recorded") == 2


def test_more_than_the_queue_holds_is_let_go_of_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    recorder = Recorder(engine, Chosen(engine))
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # The writer waits for this one.
        for _ in range(2 * MOST_WAITING):
            recorder.record(turn())
    recorder.close()
    with engine.connect() as connection:
        kept = len(connection.execute(select(events.c.id)).all())
    assert MOST_WAITING <= kept < 2 * MOST_WAITING
    assert "could not be recorded" in caplog.text
    engine.dispose()


def test_nothing_is_recorded_of_somebody_who_was_erased_meanwhile(citewell: Citewell) -> None:
    told(citewell, Happened("turn", "https://login|gone", "answered"))
    assert rows(citewell) == []


def test_an_event_is_counted_for_the_groups_of_whoever_did_it(citewell: Citewell) -> None:
    who = citewell.accounts.recognise(Claims("https://login", "a", "A", "", ("Crew",), Role.MEMBER, "a")).principal
    somebody(citewell, "other", Role.MEMBER)
    told(citewell, Happened("turn", who.key, "answered"))
    ((id_, sums),) = citewell.insights.figures(LOCAL_USER).by_group
    assert (citewell.insights.groups(LOCAL_USER)[id_], sums.questions) == ("Crew", 1)
    assert citewell.insights.figures(LOCAL_USER, Wanted(group=id_)).total.questions == 1


# Figures.


def test_before_anything_was_asked_there_is_nothing_and_no_error(citewell: Citewell) -> None:
    found = citewell.insights.figures(LOCAL_USER)
    assert found.is_empty
    assert found.total.share("answered") is found.total.support is found.wait.first_p50 is None
    assert found.buckets == found.by_collection == ()
    assert citewell.insights.counted_since() is None
    assert all(citewell.insights.turns(LOCAL_USER, behind=behind) == () for behind in BEHIND)


def test_one_event_is_one_day_with_its_own_figures(citewell: Citewell) -> None:
    usage = Usage(100, 20, model="m", cost=0.5, currency="EUR")
    told(citewell, turn(first_ms=300, total_ms=900, usage=usage, claims=4, supported=3))
    found = citewell.insights.figures(LOCAL_USER)
    (bucket,) = found.buckets
    assert (bucket.sums, bucket.wait) == (found.total, found.wait)
    assert (found.total.questions, found.total.support, found.people) == (1, 0.75, 1)
    assert (found.wait.first_p50, found.wait.total_p95) == (300, 900)
    assert found.cost == {"EUR": 0.5}


def test_half_and_ninety_five_of_a_hundred_are_waits_that_somebody_had(citewell: Citewell) -> None:
    told(citewell, *(turn(total_ms=n, first_ms=None) for n in range(1, 101)))
    wait = citewell.insights.figures(LOCAL_USER).wait
    assert (wait.total_p50, wait.total_p95, wait.first_p50) == (50, 95, None)


def test_days_without_a_question_are_there_and_long_periods_are_told_by_week_and_month(citewell: Citewell) -> None:
    now = time.time()
    told(citewell, turn(), at=now - 9 * DAY)
    told(citewell, turn(), at=now)
    assert [b.sums.questions for b in citewell.insights.figures(LOCAL_USER).buckets] == [1, *[0] * 8, 1]
    told(citewell, turn(), at=now - 200 * DAY)
    weeks = citewell.insights.figures(LOCAL_USER, Wanted(None)).buckets
    assert {(b.until - b.first).days for b in weeks} == {7}
    assert {b.first.weekday() for b in weeks} == {0}
    assert sum(b.sums.questions for b in weeks) == 3


def test_many_years_are_told_by_month(citewell: Citewell) -> None:
    insights = replace(citewell.insights, now=lambda: datetime(2030, 5, 1, tzinfo=UTC).timestamp())
    for year in (2025, 2030):
        told(citewell, turn(), at=datetime(year, 4, 3, tzinfo=UTC).timestamp())
    buckets = insights.figures(LOCAL_USER, Wanted(None)).buckets
    assert (buckets[0].first, buckets[0].until) == (date(2025, 4, 1), date(2025, 5, 1))
    assert len(buckets) == 61
    assert buckets[-1].sums.questions == 1


def test_a_clock_that_jumped_spoils_no_figure_and_is_told(citewell: Citewell) -> None:
    told(citewell, turn(), at=1.0)
    told(citewell, turn(), at=time.time() + 400 * DAY)
    assert citewell.insights.counted_since() is None
    told(citewell, turn())
    for days in (30, None):
        found = citewell.insights.figures(LOCAL_USER, Wanted(days))
        assert (found.total.questions, len(found.buckets)) == (1, 1)
    assert found.odd == 2


def test_the_period_the_collection_and_the_group_narrow_every_figure(citewell: Citewell) -> None:
    animals, trains = id_of(citewell, "Animals"), id_of(citewell, "Trains")
    told(citewell, turn(collections=frozenset({animals})), turn(collections=frozenset({animals, trains})))
    told(citewell, turn(collections=frozenset({trains})), at=time.time() - 40 * DAY)
    figures = citewell.insights.figures
    assert figures(LOCAL_USER, Wanted(30)).total.questions == 2
    assert figures(LOCAL_USER, Wanted(None)).total.questions == 3
    assert figures(LOCAL_USER, Wanted(None, collection=trains)).total.questions == 2
    assert figures(LOCAL_USER, Wanted(None, collection="never was")).is_empty
    assert figures(LOCAL_USER, Wanted(None, group="1")).is_empty
    by_collection = {id_: sums.questions for id_, sums in figures(LOCAL_USER, Wanted(None)).by_collection}
    assert by_collection == {animals: 2, trains: 2}


def test_a_deleted_collection_keeps_its_count_and_has_no_name(citewell: Citewell) -> None:
    animals = id_of(citewell, "Animals")
    told(citewell, turn(collections=frozenset({animals})))
    citewell.library.delete_collection(animals)
    ((id_, sums),) = citewell.insights.figures(LOCAL_USER).by_collection
    assert (id_, sums.questions) == (animals, 1)
    with citewell.insights.engine.connect() as connection:
        assert connection.execute(select(document_use)).all() == []


def test_what_was_removed_is_in_no_figure_any_more(citewell: Citewell) -> None:
    told(citewell, turn(), at=time.time() - 20 * DAY)
    told(citewell, turn())
    assert citewell.insights.figures(LOCAL_USER).total.questions == 2
    citewell.chosen.set(KEPT["events_kept_days"], 10)
    citewell.retention.apply()
    citewell.insights.frames.since(None, at_once=True)
    assert citewell.insights.figures(LOCAL_USER, Wanted(None)).total.questions == 1
    assert expire(citewell.insights.engine, time.time() + DAY) == 1


def test_older_events_are_read_beside_and_change_no_figure(citewell: Citewell) -> None:
    for days in (100, 50, 1):
        told(citewell, turn(), at=time.time() - days * DAY)
    frames = Frames(citewell.insights.engine)
    insights = replace(citewell.insights, frames=frames)
    assert insights.figures(LOCAL_USER, Wanted(7)).total.questions == 1
    assert frames.since(time.time() - 7 * DAY).size == 1
    insights.look_ahead(LOCAL_USER, [Wanted(None)], citewell.background)
    citewell.background.wait()
    assert frames.since(time.time() - 7 * DAY).size == 3
    assert insights.figures(LOCAL_USER, Wanted(7)).total.questions == 1
    assert insights.figures(LOCAL_USER, Wanted(None)).total.questions == 3


def test_figures_are_added_up_once_until_something_happens_and_never_for_somebody_else(citewell: Citewell) -> None:
    animals, trains = id_of(citewell, "Animals"), id_of(citewell, "Trains")
    told(citewell, turn(collections=frozenset({animals})), turn(collections=frozenset({trains})))
    editor = somebody(citewell, "editor", Role.EDITOR, edits="Animals")
    found = citewell.insights.figures(LOCAL_USER)
    assert citewell.insights.figures(LOCAL_USER) is found
    assert citewell.insights.figures(editor).total.questions == 1
    citewell.insights.frames.since(None, at_once=True)  # Nothing has happened.
    assert citewell.insights.figures(LOCAL_USER) is found
    told(citewell, turn())
    assert citewell.insights.figures(LOCAL_USER).total.questions == 3


# Turns.


def test_a_turn_leads_to_the_gap_it_is_in_for_whoever_may_change_what_was_searched(citewell: Citewell) -> None:
    editor = somebody(citewell, "editor", Role.EDITOR, edits="Animals", reads="Trains")
    asker = somebody(citewell, "asker", Role.MEMBER, reads="Trains")
    asked(citewell, UNANSWERABLE)
    asked(citewell, "What does a ticket to the moon cost?", asker)
    citewell.recorder.flush()
    citewell.gaps.gathering.gather()
    gaps = {question.text: gap.id for gap in citewell.gaps.list(LOCAL_USER) for question in gap.questions}
    newest, older = citewell.insights.turns(LOCAL_USER)
    assert {newest.gap_id, older.gap_id} == set(gaps.values())
    assert {gap.id for gap in citewell.gaps.list(editor)} == {
        one.gap_id for one in citewell.insights.turns(editor) if one.gap_id is not None
    }
    with citewell.insights.engine.connect() as connection:
        ids = [newest.id, older.id]
        (hidden, _) = read_turns(
            connection,
            ids,
            editor,
            readable=frozenset(),
            editable=frozenset({id_of(citewell, "Animals")}),
            are_shown=False,
        )
    assert hidden.gap_id is None


def test_every_number_leads_to_the_turns_behind_it(citewell: Citewell) -> None:
    good, bad = asked(citewell, ANSWERABLE), asked(citewell, UNANSWERABLE)
    citewell.feedback.give(bad, LOCAL_USER, Opinion(is_helpful=False))
    citewell.recorder.flush()
    told(citewell, turn(status="failed", claims=2, supported=1, total_ms=10**6))
    behind = {name: [one.question for one in citewell.insights.turns(LOCAL_USER, behind=name)] for name in BEHIND}
    assert behind["all"] == ["", UNANSWERABLE, ANSWERABLE]
    assert (behind["answered"], behind["refused"], behind["partial"]) == ([ANSWERABLE], [UNANSWERABLE], [])
    assert (behind["failed"], behind["unsupported"], behind["slow"]) == ([""], [""], [""])
    assert (behind["unhelpful"], behind["helpful"]) == ([UNANSWERABLE], [])
    assert good != bad


def test_words_go_with_their_conversation_and_the_count_stays(citewell: Citewell) -> None:
    asked(citewell, ANSWERABLE)
    citewell.recorder.flush()
    (one,) = citewell.insights.turns(LOCAL_USER)
    assert one.question == ANSWERABLE
    assert one.conversation_id is not None
    citewell.threads.delete(one.conversation_id, LOCAL_USER)
    (one,) = citewell.insights.turns(LOCAL_USER)
    assert (one.question, one.conversation_id) == ("", None)


def test_words_of_others_are_read_only_where_that_was_chosen_and_all_it_drew_on_is_open(citewell: Citewell) -> None:
    editor = somebody(citewell, "editor", Role.EDITOR, edits="Animals")
    chief = somebody(citewell, "chief", Role.ADMIN)
    asker = somebody(citewell, "asker", Role.MEMBER, reads="Animals")
    asked(citewell, ANSWERABLE, asker)
    citewell.recorder.flush()

    def read(who: Principal) -> list[str]:
        return [one.question for one in citewell.insights.turns(who)]

    assert (read(editor), read(chief)) == ([""], [""])
    citewell.chosen.set(QUESTIONS_SHOWN, value=True)
    assert (read(editor), read(chief)) == ([ANSWERABLE], [ANSWERABLE])
    asker = somebody(citewell, "asker", Role.MEMBER, reads="Trains")
    told(
        citewell,
        Happened(
            "turn",
            asker.key,
            "refused",
            frozenset({id_of(citewell, "Animals"), id_of(citewell, "Trains")}),
            words="Do quokkas take trains?",
        ),
    )
    assert (read(editor)[0], read(chief)[0]) == ("", "Do quokkas take trains?")
    (newest, *_) = citewell.insights.turns(editor)
    assert id_of(citewell, "Trains") not in newest.collections


# Who sees what.


def test_an_editor_is_told_of_the_collections_that_they_may_change_and_of_no_other(citewell: Citewell) -> None:
    editor = somebody(citewell, "editor", Role.EDITOR, edits="Animals", reads="Trains")
    animals, trains = id_of(citewell, "Animals"), id_of(citewell, "Trains")
    told(
        citewell,
        turn(collections=frozenset({animals, trains})),
        turn(collections=frozenset({trains}), status="refused"),
        turn(status="failed"),
    )
    found = citewell.insights.figures(editor)
    assert (found.total.questions, found.total.refused, found.total.failed) == (1, 0, 0)
    assert [id_ for id_, _ in found.by_collection] == [animals]
    assert (found.by_group, citewell.insights.groups(editor)) == ((), {})
    assert len(citewell.insights.turns(editor)) == 1
    assert citewell.insights.figures(editor, Wanted(collection=trains)).total.questions == 1
    assert {one.collection_id for one in citewell.insights.health(editor)} == {animals}
    assert citewell.insights.figures(LOCAL_USER).total.questions == 3


def test_whoever_may_change_nothing_is_told_nothing(citewell: Citewell) -> None:
    member = somebody(citewell, "member", Role.MEMBER, reads="Animals")
    insights = citewell.insights
    for attempt in (insights.figures, insights.turns, insights.health, insights.groups, insights.ask_to_compare):
        with pytest.raises(NotAllowed):
            attempt(member)


# Documents.


def ailing(citewell: Citewell, who: Principal = LOCAL_USER, **wanted: Any) -> dict[str, set[str]]:
    return {one.title: set(one.ailments) for one in citewell.insights.health(who, **wanted)}


def test_documents_are_told_apart_by_what_ails_them(citewell: Citewell) -> None:
    assert ailing(citewell) == {"Animals": {"never found"}, "Trains": {"never found"}}
    message_id = asked(citewell, ANSWERABLE)
    citewell.recorder.flush()
    assert "Animals" not in ailing(citewell)
    citewell.feedback.give(message_id, LOCAL_USER, Opinion(is_helpful=False))
    assert ailing(citewell)["Animals"] == {"disliked"}
    told(citewell, Happened("search", LOCAL_USER.key, found=((id_of(citewell, "Trains"), "Trains.md"),)))
    assert ailing(citewell)["Trains"] == {"never cited"}
    later = replace(citewell.insights, now=lambda: time.time() + 400 * DAY)
    assert all("due" in one.ailments for one in later.health(LOCAL_USER))
    assert not any("due" in one.ailments for one in later.health(LOCAL_USER, due_after_days=500))


def test_copies_and_contradictions_are_found_by_the_job_and_shown_where_both_are_open(citewell: Citewell) -> None:
    rule = "Staff on business trips in the country receive a daily meal allowance of {} euros for each full day."
    for name, words in (
        ("Old", rule.format(28)),
        ("New", rule.format(34)),
        ("Copy", rule.format(34)),
    ):
        collection = citewell.library.create_collection(name)
        citewell.intake.add_parsed(collection.id, [(f"{name}.md", document(words, title=name))])
    citewell.insights.ask_to_compare(LOCAL_USER)
    citewell.insights.ask_to_compare(LOCAL_USER)
    (job,) = citewell.jobs.open(INSIGHTS.keys())
    assert INSIGHTS[job.kind](citewell, job.work, Reporter())["pairs"] >= 2
    found = {one.title: one for one in citewell.insights.health(LOCAL_USER)}
    assert "contradicted" in found["Old"].ailments
    assert {"contradicted", "copied"} <= set(found["New"].ailments)
    assert "copied" in found["Copy"].ailments
    pair = next(pair for pair in found["Old"].pairs if pair.title == "New")
    assert "28 euros" in pair.says
    assert "34 euros" in pair.other_says
    alone = somebody(citewell, "editor", Role.EDITOR, edits="Old")
    (own,) = citewell.insights.health(alone)
    assert (own.title, own.pairs) == ("Old", ())


def test_a_comparison_that_is_stopped_leaves_what_was_found_before(citewell: Citewell) -> None:
    reporter = Reporter()
    reporter.stopping.set()
    assert INSIGHTS["compare_documents"](citewell, {}, reporter) == {}
    assert INSIGHTS["compare_documents"](citewell, {}, Reporter()) == {"pairs": 0}


# Files.


def test_nothing_in_a_saved_table_is_calculated_by_a_spreadsheet(citewell: Citewell) -> None:
    told(citewell, turn(words="=1+1", message_id=None))
    saved = as_csv(turn_rows(citewell.insights.turns(LOCAL_USER), {}))
    assert ",'=1+1," in saved
    assert as_csv([]) == ""
    saved = as_csv(bucket_rows(citewell.insights.figures(LOCAL_USER).buckets))
    assert saved.splitlines()[1].startswith(utc_now().date().isoformat())


def test_the_recorder_s_thread_begins_with_the_first_event_alone(database: str) -> None:
    engine = open_database(database)
    recorder = Recorder(engine, Chosen(engine))
    before = {thread.ident for thread in threading.enumerate()}
    recorder.flush()
    recorder.close()
    assert {thread.ident for thread in threading.enumerate()} <= before
    engine.dispose()

"""Limits of a person: exactly as many as they say, for that person alone, and told politely."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql

from assistant.access import LOCAL_USER, Principal, Role, visitor
from assistant.choices import Chosen
from assistant.errors import ChoiceRefused, LimitReached, SettingsError, UploadTooLarge
from assistant.events import AnswerFinished, Event, PassagesFound, TurnStarted
from assistant.limits import AT_THE_MACHINE, LIMITS, MONTHLY_BUDGET, SIGNED_IN, VISITOR, Limits, _taking
from assistant.schema import used
from assistant.settings import Settings
from assistant.usage import Prices, Usage
from retrieval.database import open_database
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.assistant.turns import ANNA, BELA, LEAVE, RIGHT, answer_of, asked, model_at

pytestmark = pytest.mark.threat("T22")

NOON = datetime(2026, 11, 27, 12, 30)
NUMBERS = count()


@dataclass
class Clock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(scope="module")
def engine(shared_database: str) -> Iterator[Engine]:
    opened = open_database(shared_database)
    yield opened
    opened.dispose()


def somebody() -> Principal:
    return Principal("test", f"person {next(NUMBERS)}", Role.ADMIN)


def let_through(limits: Limits, principal: Principal) -> bool:
    try:
        with limits.answering(principal):
            return True
    except LimitReached:
        return False


# Exactly as many.


def test_500_questions_from_many_tabs_are_answered_exactly_up_to_the_limit_and_another_person_is_not_touched(engine):
    limits, many, other = Limits(engine, {"questions_a_day": 200, "answers_at_once": 0}), somebody(), somebody()
    with ThreadPoolExecutor(16) as tabs:
        asked_by = [many] * 500 + [other] * 20
        answered = list(tabs.map(lambda who: let_through(limits, who), asked_by))
    assert sum(answered[:500]) == 200
    assert all(answered[500:])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(most=st.integers(1, 12), asking=st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_however_many_threads_ask_together_the_limit_is_met_exactly(engine, most, asking):
    limits, who, start = Limits(engine, {"questions_a_day": most, "answers_at_once": 0}), somebody(), threading.Event()

    def tab(times: int) -> int:
        start.wait(10)
        return sum(let_through(limits, who) for _ in range(times))

    with ThreadPoolExecutor(len(asking)) as tabs:
        running = [tabs.submit(tab, times) for times in asking]
        start.set()
        answered = sum(one.result() for one in running)
    assert answered == min(most, sum(asking))
    assert limits.standing(who)[0].used == answered


def test_two_processes_count_in_the_same_place(engine, tmp_path):
    who, here = somebody(), Limits(engine, {"questions_a_day": 3})
    there = Limits(open_database(engine.url.render_as_string(hide_password=False)), {"questions_a_day": 3})
    assert [let_through(limits, who) for limits in (here, there, here, there, here)] == [True] * 3 + [False] * 2
    there._engine.dispose()


def test_what_is_refused_is_not_counted(engine):
    limits, who = Limits(engine, {"questions_a_day": 5, "answers_at_once": 1}), somebody()
    with limits.answering(who):
        assert not let_through(limits, who)
    assert limits.standing(who)[0].used == 1


def test_an_answer_that_has_ended_in_any_way_makes_room_for_the_next(engine):
    limits, who = Limits(engine, {"answers_at_once": 2}), somebody()
    with limits.answering(who), limits.answering(who):
        assert not let_through(limits, who)
        assert let_through(limits, somebody())
    with pytest.raises(ZeroDivisionError), limits.answering(who):
        raise ZeroDivisionError
    with limits.answering(who), limits.answering(who):
        assert not let_through(limits, who)


def test_answers_that_a_killed_process_left_under_way_are_forgotten_at_the_start(engine):
    limits, who = Limits(engine, {"answers_at_once": 1}), somebody()
    killed = limits.answering(who)
    killed.__enter__()  # And never its end.
    assert not let_through(limits, who)
    Limits(engine).start_anew()
    assert let_through(limits, who)


# When it goes on.


def test_a_day_is_that_of_utc_and_the_next_one_begins_at_nothing(engine):
    clock, who = Clock(), somebody()
    limits = Limits(engine, {"questions_a_day": 2}, now=clock)
    assert [let_through(limits, who) for _ in range(3)] == [True, True, False]
    clock.at = datetime(2026, 11, 27, 23, 59, 59, 999_999)
    assert not let_through(limits, who)
    clock.at += timedelta(microseconds=1)
    assert [let_through(limits, who) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("given", "spend", "words"),
    [
        ({"questions_a_day": 1}, 0, "You have asked your 1 question of today; you can go on at 00:00 UTC."),
        (
            {"tokens_a_day": 9},
            9,
            "Your answers of today have reached the length that a day allows; you can go on at 00:00 UTC.",
        ),
    ],
)
def test_a_refusal_says_when_it_goes_on(engine, given, spend, words):
    limits, who = Limits(engine, given, now=Clock()), somebody()
    with limits.answering(who):
        limits.spend(Usage(spend, 0, "m"), who)
    with pytest.raises(LimitReached) as refused, limits.answering(who):
        pytest.fail("It was let through.")
    assert refused.value.hint == words
    assert refused.value.hint_at("01:00") == words.replace("00:00 UTC", "01:00")
    assert refused.value.continues_at == datetime(2026, 11, 28)


@pytest.mark.parametrize(("most", "words"), [(1, "An answer of yours is being"), (2, "2 answers of yours are being")])
def test_too_many_answers_at_once_are_told_without_a_time(engine, most, words):
    limits, who = Limits(engine, {"answers_at_once": most}), somebody()
    held = [limits.answering(who) for _ in range(most)]
    for one in held:
        one.__enter__()
    with pytest.raises(LimitReached, match=words) as refused, limits.answering(who):
        pytest.fail("It was let through.")
    assert refused.value.continues_at is None
    for one in held:
        one.__exit__(None, None, None)


# Tokens and money.


def test_tokens_of_a_day_are_refused_from_the_limit_on_and_others_go_on(engine):
    limits, who, other = Limits(engine, {"tokens_a_day": 100}), somebody(), somebody()
    limits.spend(Usage(60, 39, "m"), who)
    assert let_through(limits, who)
    limits.spend(Usage(1, 0, "m"), who)
    assert not let_through(limits, who)
    assert let_through(limits, other)


def test_the_costs_of_everybody_add_up_to_a_month_and_the_next_one_begins_at_nothing(engine):
    clock = Clock()
    limits = Limits(engine, monthly_budget=1.0, currency=lambda: "TST", now=clock)
    for who in (LOCAL_USER, somebody()):
        limits.spend(Usage(1, 1, "m", cost=0.4, currency="TST"), who)
    assert (limits.spent(), limits.is_budget_spent()) == (pytest.approx(0.8), False)
    limits.spend(Usage(1, 1, "m", cost=0.2, currency="TST"), LOCAL_USER)
    assert limits.is_budget_spent()
    assert Limits(engine, monthly_budget=1.0, currency=lambda: "EUR", now=clock).spent() == 0.0
    clock.at = datetime(2026, 12, 1)
    assert (limits.spent(), limits.is_budget_spent()) == (0.0, False)


def test_many_answers_that_end_together_lose_no_token_and_no_cent(engine):
    clock = Clock(datetime(2031, 1, 1))
    limits, who = Limits(engine, {"tokens_a_day": 10**9}, currency=lambda: "ADD", now=clock), somebody()
    with ThreadPoolExecutor(8) as ending:
        list(ending.map(lambda _: limits.spend(Usage(3, 4, "m", cost=0.5, currency="ADD"), who), range(64)))
    assert limits.standing(who)[1].used == 7 * 64
    assert limits.spent() == 32.0


def test_the_statement_that_counts_is_one_on_postgresql_too():
    made = str(_taking("postgresql", "o", "questions", NOON, 1, most=5).compile(dialect=postgresql.dialect()))
    assert made.startswith("INSERT INTO used")
    assert 'ON CONFLICT (owner, "limit", began_at) DO UPDATE SET amount =' in made
    assert "WHERE used.amount + " in made
    assert "RETURNING used.amount" in made


# Whose limits, and who sets them.


def test_whoever_sits_at_the_machine_is_not_limited_and_not_counted(engine):
    limits = Limits(engine)
    assert limits.of(LOCAL_USER) == AT_THE_MACHINE
    assert all(let_through(limits, LOCAL_USER) for _ in range(SIGNED_IN.questions_a_day + 1))
    with engine.connect() as connection:
        counted = select(used.c.amount).where(used.c.owner == LOCAL_USER.key)
        assert connection.execute(counted).all() == []


def test_a_visitor_and_whoever_signed_in_have_limits_of_their_own(engine):
    limits = Limits(engine)
    assert limits.of(visitor("abc")) == VISITOR
    assert limits.of(ANNA) == SIGNED_IN


def test_the_documented_defaults_are_those_in_force():
    for name in LIMITS:
        words = Settings.model_fields[name].description
        assert f"{getattr(SIGNED_IN, name):,}" in words
        assert f"{getattr(VISITOR, name):,}" in words


def test_a_budget_without_prices_is_refused_for_nothing_could_be_counted():
    with pytest.raises(SettingsError, match=r"CITEWELL_MONTHLY_BUDGET is wrong .*CITEWELL_PRICE_INPUT"):
        Settings.read(monthly_budget=5.0)
    assert Settings.read(monthly_budget=5.0, price_input=1.0).monthly_budget == 5.0


def test_what_is_chosen_on_a_page_goes_before_the_settings_and_zero_means_without_limit(engine):
    chosen, limits = Chosen(engine), Limits(engine, {"questions_a_day": 7, "uploads_an_hour": 0})
    assert (limits.of(ANNA).questions_a_day, limits.of(ANNA).uploads_an_hour) == (7, None)
    assert limits.of(LOCAL_USER).questions_a_day == 7
    chosen.set(LIMITS["questions_a_day"], 9)
    chosen.set(LIMITS["tokens_a_day"], 0)
    assert (limits.of(ANNA).questions_a_day, limits.of(ANNA).tokens_a_day) == (9, None)
    for name in ("questions_a_day", "tokens_a_day"):
        chosen.set(LIMITS[name], None)
    assert limits.of(ANNA).questions_a_day == 7


def test_a_budget_that_is_chosen_holds_at_once_and_nothing_is_a_budget_too(engine):
    chosen, limits = Chosen(engine), Limits(engine, currency=lambda: "BUD")
    assert not limits.is_budget_spent()
    chosen.set(MONTHLY_BUDGET, 0.0)
    assert limits.is_budget_spent()
    chosen.set(MONTHLY_BUDGET, 5.0)
    assert not limits.is_budget_spent()
    chosen.set(MONTHLY_BUDGET, None)


@pytest.mark.parametrize("value", [-1, "7", True, 1.5, [1]])
def test_a_value_that_cannot_be_a_limit_is_refused_and_the_old_one_stays(engine, value):
    chosen = Chosen(engine)
    chosen.set(LIMITS["upload_mb"], 5)
    with pytest.raises(ChoiceRefused, match="upload_mb is not allowed"):
        chosen.set(LIMITS["upload_mb"], value)
    assert chosen.get(LIMITS["upload_mb"]) == 5
    chosen.set(LIMITS["upload_mb"], None)
    assert chosen.get(LIMITS["upload_mb"]) is None


def test_a_persons_choice_is_theirs_alone(engine):
    chosen = Chosen(engine)
    chosen.set(LIMITS["upload_mb"], 5, ANNA)
    assert (chosen.get(LIMITS["upload_mb"], ANNA), chosen.get(LIMITS["upload_mb"], BELA)) == (5, None)
    assert chosen.get(LIMITS["upload_mb"]) is None
    assert Limits(engine).of(ANNA).upload_mb == SIGNED_IN.upload_mb, "nobody raises a limit for themselves"


# Uploads.


def test_uploads_are_counted_by_file_for_an_hour_all_of_a_drop_or_none(engine):
    clock, who = Clock(), somebody()
    limits = Limits(engine, {"uploads_an_hour": 5}, now=clock)

    def drop(files: int) -> list[tuple[str, int]]:
        return [(f"{n}.md", 10) for n in range(files)]

    limits.take_uploads(who, drop(3))
    with pytest.raises(LimitReached, match=r"only 2 more files in this hour, so choose fewer; .* at 13:00 UTC\.$"):
        limits.take_uploads(who, drop(3))
    limits.take_uploads(who, drop(2))
    with pytest.raises(LimitReached, match=r"^You have added your 5 files of this hour; you can go on at 13:00 UTC\.$"):
        limits.take_uploads(who, drop(1))
    limits.take_uploads(somebody(), drop(5))
    clock.at = datetime(2026, 11, 27, 13)
    limits.take_uploads(who, drop(5))


@pytest.mark.threat("T21")
def test_a_hundred_thousand_files_at_once_are_refused_and_not_counted(engine):
    limits, who = Limits(engine), somebody()
    with pytest.raises(LimitReached, match="only 500 more files"):
        limits.take_uploads(who, [("a.md", 1)] * 100_000)
    limits.take_uploads(who, [("a.md", 1)] * 500)


@pytest.mark.threat("T21")
def test_a_file_of_200_mb_is_refused_by_its_name_and_size_for_everybody(engine):
    for who in (LOCAL_USER, somebody(), visitor("abc")):
        with pytest.raises(UploadTooLarge, match=r"The file big \{x\}\.pdf has 200 MB, and (100|20) MB are the most"):
            Limits(engine).take_uploads(who, [("small.md", 1), ("big {x}.pdf", 200 << 20)])


@pytest.mark.threat("T21")
def test_the_web_server_refuses_what_is_larger_than_a_file_may_be():
    config = (Path(__file__).parents[2] / ".streamlit/config.toml").read_text("utf-8")
    assert f"\nmaxUploadSize = {SIGNED_IN.upload_mb}\n" in config


def test_old_counts_are_forgotten_in_time_and_a_months_cost_is_kept(engine):
    clock, who = Clock(datetime(2030, 1, 1)), somebody()
    limits = Limits(engine, {"questions_a_day": 9}, currency=lambda: "OLD", now=clock)
    let_through(limits, who)
    limits.spend(Usage(1, 1, "m", cost=2.0), who)
    clock.at += timedelta(days=10)
    limits.expire(11)
    with engine.connect() as connection:
        assert connection.execute(select(used.c.limit).where(used.c.owner == who.key)).scalars().all()
    limits.expire()
    with engine.connect() as connection:
        rows = connection.execute(select(used.c.limit).where(used.c.began_at == datetime(2030, 1, 1))).scalars().all()
    assert rows == ["cost OLD"]


# In a turn.


def test_a_question_beyond_the_limit_is_refused_before_anything_is_stored_or_searched(assistant, conversations, engine):
    limited = replace(assistant, limits=Limits(engine, {"questions_a_day": 2, "answers_at_once": 1}))
    who = somebody()
    conversation = conversations.create(who)

    def ask() -> Iterator[Event]:
        return limited.ask(LEAVE, conversation_id=conversation, principal=who)

    assert all(isinstance(tuple(ask())[-1], AnswerFinished) for _ in range(2))
    with pytest.raises(LimitReached, match="your 2 questions of today"):
        next(iter(ask()))
    assert conversations.count(conversation, who) == 4
    assert isinstance(asked(limited, LEAVE)[-1], AnswerFinished), "Anna is not limited by what another has asked"


def test_an_answer_under_way_is_counted_until_its_turn_ends_or_is_left(assistant, conversations, engine):
    limited, who = replace(assistant, limits=Limits(engine, {"answers_at_once": 1})), somebody()
    first, second = conversations.create(who), conversations.create(who)
    under_way = limited.ask(LEAVE, conversation_id=first, principal=who)
    assert isinstance(next(under_way), TurnStarted)
    with pytest.raises(LimitReached, match="An answer of yours"):
        next(limited.ask(LEAVE, conversation_id=second, principal=who))
    under_way.close()
    assert isinstance(tuple(limited.ask(LEAVE, conversation_id=second, principal=who))[-1], AnswerFinished)


def test_the_tokens_of_an_answer_count_for_whoever_asked(assistant, conversations, engine):
    limits, who = Limits(engine, {"tokens_a_day": 8}), somebody()
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        limited = replace(assistant, limits=limits, model=model_at(endpoint.url))
        tuple(limited.ask(LEAVE, conversation_id=conversations.create(who), principal=who))
    assert limits.standing(who)[1].used == 8
    with pytest.raises(LimitReached, match="Your answers of today"):
        next(limited.ask(LEAVE, conversation_id=conversations.create(who), principal=who))


def test_a_month_whose_budget_is_spent_quotes_and_says_so_and_the_next_month_writes_again(assistant, engine):
    clock = Clock(datetime(2033, 5, 31, 23))
    limits = Limits(engine, monthly_budget=8.0, currency=lambda: "EUR", now=clock)
    with ScriptedEndpoint([reply(RIGHT), reply(RIGHT)]) as endpoint:
        priced = replace(
            assistant, limits=limits, model=model_at(endpoint.url), prices=Prices(1_000_000, 1_000_000, "EUR")
        )
        written = answer_of(asked(priced, LEAVE))
        assert (written.is_quoted, written.usage.cost) == (False, 8.0)
        events = asked(priced, LEAVE)
        quoted = answer_of(events)
        assert isinstance(events[-1], AnswerFinished)
        assert (quoted.is_quoted, quoted.model_calls, quoted.usage.cost) == (True, 0, None)
        assert quoted.notice.startswith("What the model may cost in this month is used up. These are sentences")
        assert any(isinstance(event, PassagesFound) for event in events)
        assert len(endpoint.requests) == 1
        clock.at = datetime(2033, 6, 1)
        assert not answer_of(asked(priced, LEAVE)).is_quoted


def test_a_refusal_within_a_spent_budget_is_the_same_as_ever(assistant, engine):
    limits = Limits(engine, monthly_budget=0.0, currency=lambda: "NIL")
    with ScriptedEndpoint([reply(RIGHT)]) as endpoint:
        priced = replace(assistant, limits=limits, model=model_at(endpoint.url))
        answer = answer_of(asked(priced, "Which volcano erupted on Iceland in 2010?"))
    assert (answer.status, answer.notice) == ("unanswerable", None)

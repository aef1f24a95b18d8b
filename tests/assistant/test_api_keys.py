"""API keys: made once, known by a hash, good for a while and for so many calls a minute."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from assistant.access import LOCAL_USER, Principal, Role, visitor
from assistant.accounts import Accounts
from assistant.api_keys import BEGINNING, MOST_KEYS, ApiKeys, Wanted
from assistant.claims import Claims
from assistant.errors import ChoiceRefused, KeyNotFound, KeyRefused, LimitReached, NotAllowed
from assistant.secrecy import MASK, MASKER
from retrieval.database import open_database
from tests.assistant.canaries import files_with

ASK = Wanted("Nightly", ("ask",))


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, 12, 0, 30)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = open_database(database)
    yield opened
    opened.dispose()


@pytest.fixture
def anna(engine: Engine) -> Principal:
    claims = Claims("https://login.example", "a1", "Anna", "", None, Role.MEMBER, "first")
    return Accounts(engine).recognise(claims).principal


@pytest.fixture
def keys(engine: Engine, clock: Clock) -> ApiKeys:
    return ApiKeys(engine, is_open=False, clock=clock)


def test_a_key_lets_its_maker_in_with_the_role_of_that_moment(keys: ApiKeys, engine: Engine, anna: Principal) -> None:
    made = keys.create(ASK, anna)
    caller = keys.recognise(made.secret)
    assert (caller.principal, caller.principal.role, caller.scopes) == (anna, Role.MEMBER, {"ask"})
    Accounts(engine).set_role(anna.person_id or 0, Role.EDITOR, LOCAL_USER)
    assert keys.recognise(made.secret).principal.role is Role.EDITOR


@pytest.mark.threat("T19")
def test_the_key_itself_is_kept_nowhere_and_masked_wherever_it_is_said(
    keys: ApiKeys, anna: Principal, tmp_path: Path
) -> None:
    made = keys.create(ASK, anna)
    assert made.secret.startswith(BEGINNING)
    assert files_with(tmp_path, made.secret.lower()) == files_with(tmp_path, made.secret) == []
    assert made.secret not in repr(keys.mine(anna))
    assert MASKER.masked(f"key {made.secret} was sent") == f"key {MASK} was sent"


def test_a_key_ends_with_its_day_and_its_row_a_month_later(keys: ApiKeys, anna: Principal, clock: Clock) -> None:
    made = keys.create(Wanted("Short", ("ask",), days=1), anna)
    clock.now += timedelta(days=1, seconds=-1)
    assert keys.recognise(made.secret)
    clock.now += timedelta(seconds=1)
    with pytest.raises(KeyRefused):
        keys.recognise(made.secret)
    keys.forget_expired()
    assert keys.mine(anna)[0].is_expired(clock.now)
    clock.now += timedelta(days=31)
    keys.forget_expired()
    assert keys.mine(anna) == ()


def test_unknown_revoked_and_expired_look_the_same(keys: ApiKeys, anna: Principal, clock: Clock) -> None:
    said = set()
    revoked, expired = keys.create(ASK, anna), keys.create(Wanted("Short", ("ask",), days=1), anna)
    keys.revoke(revoked.key.id, anna)
    clock.now += timedelta(days=2)
    for secret in (revoked.secret, expired.secret, f"{BEGINNING}nothing", "", "\ud800", "x" * 100_000):
        with pytest.raises(KeyRefused) as refused:
            keys.recognise(secret)
        said.add(refused.value.hint)
    assert len(said) == 1
    with pytest.raises(KeyNotFound):
        keys.revoke(revoked.key.id, anna)


@pytest.mark.threat("T22")
def test_one_key_at_its_limit_says_when_it_goes_on_and_holds_up_no_other(
    keys: ApiKeys, anna: Principal, clock: Clock
) -> None:
    one, other = (keys.create(Wanted(name, ("ask",), calls_a_minute=3), anna) for name in ("One", "Other"))
    for _ in range(3):
        keys.recognise(one.secret)
    with pytest.raises(LimitReached) as reached:
        keys.recognise(one.secret)
    assert reached.value.continues_at == datetime(2030, 1, 1, 12, 1)
    assert keys.recognise(other.secret)
    clock.now += timedelta(seconds=30)
    assert keys.recognise(one.secret)


@pytest.mark.threat("T22", count=40)
def test_calls_at_once_are_let_through_exactly_as_often_as_the_key_allows(keys: ApiKeys, anna: Principal) -> None:
    made = keys.create(Wanted("Hasty", ("ask",), calls_a_minute=7), anna)

    def call(_: int) -> bool:
        try:
            keys.recognise(made.secret)
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(call, range(40))) == 7


def test_when_a_key_was_last_used_is_told(keys: ApiKeys, anna: Principal, clock: Clock) -> None:
    made = keys.create(ASK, anna)
    assert made.key.used_at is None
    keys.recognise(made.secret)
    assert keys.mine(anna)[0].used_at == clock.now


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("", ("ask",)),
        Wanted("n" * 81, ("ask",)),
        Wanted("No scope", ()),
        Wanted("Odd scope", ("everything",)),  # type: ignore[arg-type]
        Wanted("No time", ("ask",), days=0),
        Wanted("For ever", ("ask",), days=10_000),
        Wanted("Never", ("ask",), calls_a_minute=0),
    ],
)
def test_what_cannot_be_a_key_is_refused_in_a_sentence(keys: ApiKeys, anna: Principal, wanted: Wanted) -> None:
    with pytest.raises(ChoiceRefused) as refused:
        keys.create(wanted, anna)
    assert refused.value.hint.endswith(".")
    assert keys.mine(anna) == ()


def test_nobody_has_more_than_a_few_keys(keys: ApiKeys, anna: Principal) -> None:
    for _ in range(MOST_KEYS):
        keys.create(ASK, anna)
    with pytest.raises(ChoiceRefused):
        keys.create(ASK, anna)


def test_where_nobody_signs_in_the_one_user_has_keys_and_they_end_when_people_sign_in(engine: Engine) -> None:
    made = ApiKeys(engine, is_open=True).create(ASK, LOCAL_USER)
    assert ApiKeys(engine, is_open=True).recognise(made.secret).principal == LOCAL_USER
    closed = ApiKeys(engine, is_open=False)
    with pytest.raises(KeyRefused):
        closed.recognise(made.secret)
    for nobody in (LOCAL_USER, visitor("x")):
        with pytest.raises(NotAllowed):
            closed.create(ASK, nobody)


def test_a_service_has_a_name_of_its_own_and_no_role_above_editor(keys: ApiKeys) -> None:
    keys.create_service("  CRM   robot ", Role.SUPPORT, LOCAL_USER)
    assert [service.name for service in keys.services(LOCAL_USER)] == ["CRM robot"]
    for name, role in (
        ("CRM robot", Role.MEMBER),
        ("Another", Role.ADMIN),
        ("Another", Role.WAITING),
        (" ", Role.MEMBER),
    ):
        with pytest.raises(ChoiceRefused):
            keys.create_service(name, role, LOCAL_USER)


def test_no_log_line_holds_a_key(keys: ApiKeys, anna: Principal, caplog: pytest.LogCaptureFixture) -> None:
    made = keys.create(ASK, anna)
    with caplog.at_level(logging.DEBUG):
        keys.recognise(made.secret)
    assert made.secret not in caplog.text

"""People and their sign-ins: who is let in, when a sign-in is over, and what an invitation gives."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from assistant.access import LOCAL_USER, Principal, Role
from assistant.accounts import IDLE, LONGEST, Accounts
from assistant.claims import Claims
from assistant.errors import NotAllowed, SignInRefused
from assistant.groups import Groups
from retrieval.database import open_database

pytestmark = [pytest.mark.threat("T24"), pytest.mark.threat("T25")]

ANNA = Claims("https://login.example", "a1", "Anna", "anna@skerrivane.example", None, None, "first")
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC).replace(tzinfo=None)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def wait(self, time: timedelta) -> None:
        self.time += time


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_database(database)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(engine: Engine, clock: Clock) -> Accounts:
    return Accounts(engine, lambda email: email.endswith("@skerrivane.example"), clock)


def test_who_is_known_by_issuer_and_subject_stays_the_same_person_under_another_name_and_address(accounts):
    anna = accounts.recognise(ANNA)
    renamed = accounts.recognise(replace(ANNA, name="Anna B.", email="b@else.example", sign_in="second"))
    assert (renamed.id, renamed.name) == (anna.id, "Anna B.")


def test_the_same_subject_of_another_issuer_and_the_same_address_are_somebody_else(accounts):
    anna = accounts.recognise(ANNA)
    other = accounts.recognise(replace(ANNA, issuer="https://evil.example", sign_in="x"))
    same_address = accounts.recognise(replace(ANNA, subject="a2", sign_in="y"))
    assert len({anna.id, other.id, same_address.id}) == 3


def test_an_admitted_address_makes_a_member_and_any_other_waits(accounts):
    assert accounts.recognise(ANNA).role is Role.MEMBER
    for number, email in enumerate(("", "anna@skerrivane.example.evil.example", "anna@skerrivane-example", "x@else")):
        stranger = replace(ANNA, subject=f"s{number}", email=email, sign_in=f"s{number}")
        assert accounts.recognise(stranger).role is Role.WAITING


def test_a_claimed_role_comes_with_each_sign_in_and_goes_with_it(accounts):
    assert accounts.recognise(replace(ANNA, role=Role.ADMIN)).role is Role.ADMIN
    assert accounts.recognise(replace(ANNA, role=Role.MEMBER, sign_in="second")).role is Role.MEMBER


def test_a_sign_in_ends_when_it_was_not_used_for_twelve_hours(accounts, clock):
    accounts.recognise(ANNA)
    clock.wait(IDLE - timedelta(minutes=1))
    accounts.recognise(ANNA)
    clock.wait(IDLE + timedelta(minutes=1))
    with pytest.raises(SignInRefused):
        accounts.recognise(ANNA)


def test_a_sign_in_ends_after_a_day_however_much_it_is_used(accounts, clock):
    accounts.recognise(ANNA)
    for _ in range(4):
        clock.wait(LONGEST / 4)
        accounts.recognise(ANNA)
    clock.wait(timedelta(minutes=1))
    with pytest.raises(SignInRefused):
        accounts.recognise(ANNA)
    assert accounts.recognise(replace(ANNA, sign_in="second")).name == "Anna"


def test_a_sign_in_that_was_left_never_begins_again(accounts):
    accounts.recognise(ANNA)
    accounts.leave(ANNA.sign_in)
    for _ in range(2):
        with pytest.raises(SignInRefused):
            accounts.recognise(ANNA)


def test_who_is_disabled_is_out_at_the_next_look_and_cannot_sign_in_anew(accounts):
    anna = accounts.recognise(ANNA)
    accounts.invite(Role.ADMIN, LOCAL_USER)
    make_admin(accounts)
    accounts.set_disabled(anna.id, LOCAL_USER, disabled=True)
    for sign_in in (ANNA.sign_in, "second"):
        with pytest.raises(SignInRefused):
            accounts.recognise(replace(ANNA, sign_in=sign_in))
    accounts.set_disabled(anna.id, LOCAL_USER, disabled=False)
    assert accounts.recognise(replace(ANNA, sign_in="third")).id == anna.id


def test_an_administrator_ends_the_sign_ins_of_others_and_everybody_their_own(accounts):
    anna, admin = accounts.recognise(ANNA), make_admin(accounts)
    with pytest.raises(NotAllowed):
        accounts.end_sign_ins(admin.person_id, anna.principal)
    accounts.end_sign_ins(anna.id, admin)
    assert accounts.sign_ins(anna.id, anna.principal) == ()
    with pytest.raises(SignInRefused):
        accounts.recognise(ANNA)


def make_admin(accounts: Accounts) -> Principal:
    """Somebody who came with an invitation."""
    chief = accounts.recognise(replace(ANNA, subject="chief", sign_in="chief"))
    return accounts.redeem(accounts.invite(Role.ADMIN, LOCAL_USER), chief.principal).principal


def test_one_sign_in_ends_alone_and_all_but_one_together(accounts):
    anna = accounts.recognise(ANNA)
    for name in ("second", "third"):
        accounts.recognise(replace(ANNA, sign_in=name))
    accounts.end_sign_in("second", anna.principal)
    assert {each.key for each in accounts.sign_ins(anna.id, anna.principal)} == {"first", "third"}
    accounts.end_sign_ins(anna.id, anna.principal, but="third")
    assert {each.key for each in accounts.sign_ins(anna.id, anna.principal)} == {"third"}
    assert accounts.recognise(replace(ANNA, sign_in="third")).id == anna.id


def test_nobody_ends_a_sign_in_of_somebody_else_by_its_key(accounts):
    anna = accounts.recognise(ANNA)
    other = accounts.recognise(replace(ANNA, subject="a2", sign_in="other"))
    for stranger in (other.principal, LOCAL_USER, replace(anna.principal, person_id=None)):
        accounts.end_sign_in("first", stranger)
    assert accounts.recognise(ANNA).id == anna.id


def test_an_invitation_gives_its_role_once(accounts):
    anna = accounts.recognise(replace(ANNA, email=""))
    code = accounts.invite(Role.EDITOR, LOCAL_USER)
    assert accounts.redeem(f" {code}\n", anna.principal).role is Role.EDITOR
    with pytest.raises(SignInRefused):
        accounts.redeem(code, anna.principal)


@pytest.mark.parametrize("code", ["", "guess", "' OR 1=1 --", "x" * 100_000])
def test_a_code_that_is_none_gives_nothing(accounts, code):
    anna = accounts.recognise(ANNA)
    accounts.invite(Role.ADMIN, LOCAL_USER)
    with pytest.raises(SignInRefused):
        accounts.redeem(code, anna.principal)
    assert accounts.recognise(ANNA).role is Role.MEMBER


def test_an_invitation_is_good_for_a_day(accounts, clock):
    code = accounts.invite(Role.ADMIN, LOCAL_USER)
    clock.wait(timedelta(days=1, minutes=1))
    with pytest.raises(SignInRefused):
        accounts.redeem(code, accounts.recognise(ANNA).principal)


def test_only_an_administrator_invites_lists_and_changes_people(accounts):
    anna = accounts.recognise(ANNA)
    forbidden = (
        lambda: accounts.invite(Role.MEMBER, anna.principal),
        lambda: accounts.list(anna.principal),
        lambda: accounts.set_role(anna.id, Role.ADMIN, anna.principal),
        lambda: accounts.set_disabled(anna.id, anna.principal, disabled=False),
    )
    for act in forbidden:
        with pytest.raises(NotAllowed):
            act()
    assert accounts.recognise(ANNA).role is Role.MEMBER


def test_the_last_administrator_can_neither_step_down_nor_be_disabled(accounts):
    admin = make_admin(accounts)
    with pytest.raises(NotAllowed):
        accounts.set_role(admin.person_id, Role.MEMBER, admin)
    with pytest.raises(NotAllowed):
        accounts.set_disabled(admin.person_id, admin, disabled=True)
    assert [person.role for person in accounts.list(admin)] == [Role.ADMIN]


def test_claimed_groups_are_exactly_those_that_are_claimed_now_and_given_ones_stay(accounts, engine):
    groups = Groups(engine)
    anna = accounts.recognise(replace(ANNA, groups=("HR", "Works council")))
    given = groups.create("Chess", LOCAL_USER)
    groups.put_in(anna.id, groups.of_person(anna.id, LOCAL_USER) | {given}, LOCAL_USER)
    accounts.recognise(replace(ANNA, groups=("HR", "Everyone", "IT"), sign_in="second"))
    names = {group.id: group.name for group in groups.list(LOCAL_USER)}
    assert {names[id_] for id_ in groups.of_person(anna.id, LOCAL_USER)} == {"Chess", "HR", "IT"}
    accounts.recognise(replace(ANNA, groups=None, sign_in="third"))
    assert len(groups.of_person(anna.id, LOCAL_USER)) == 3

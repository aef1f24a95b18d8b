"""What concerns one person leaves all others as they were, and what is told of one tells nothing of the others."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from assistant.access import LOCAL_USER, Role, scope_of
from assistant.accounts import Accounts, Person
from assistant.api_keys import Wanted
from assistant.audit import Action, Sought
from assistant.claims import Claims
from assistant.conversations import Conversations
from assistant.errors import AssistantError, KeyRefused, NotAllowed, PersonNotFound, SignInRefused
from assistant.evaluation import LabelledQuestion
from assistant.feedback import Opinion
from assistant.groups import Grant
from assistant.limits import LIMITS, Limits
from assistant.processes import Processes
from assistant.schema import metadata
from assistant.usage import Usage
from assistant.verified.values import Wording
from retrieval.dates import utc_now
from tests.security.world import NUMBERS, World


def _standing(world: World, *names: str) -> dict[str, Any]:
    accounts, groups = world.citewell.accounts, world.citewell.groups
    by_id = {person.id: person for person in accounts.list(LOCAL_USER)}
    ids = {name: world.people[name].person_id or 0 for name in names}
    return {
        name: (
            by_id[id_].role,
            by_id[id_].is_disabled,
            groups.of_person(id_, LOCAL_USER),
            accounts.sign_ins(id_, LOCAL_USER),
        )
        for name, id_ in ids.items()
    }


def test_what_an_administrator_does_to_one_person_touches_nobody_else(world: World) -> None:
    accounts, groups = world.citewell.accounts, world.citewell.groups
    others = ("anna", "bela", "editor", "admin")
    for name in others:
        accounts.recognise(Claims("https://login.example", name, name, "", None, None, f"{name} {next(NUMBERS)}"))
    before = _standing(world, *others)
    stranger = world.stranger()
    accounts.set_role(stranger, Role.SUPPORT, LOCAL_USER)
    groups.put_in(stranger, frozenset({world.group()}), LOCAL_USER)
    accounts.end_sign_ins(stranger, LOCAL_USER)
    accounts.set_disabled(stranger, LOCAL_USER, disabled=True)
    assert _standing(world, *others) == before
    assert all(sign_ins for *_, sign_ins in before.values())


def test_one_s_sign_ins_are_one_s_own(world: World) -> None:
    accounts, anna = world.citewell.accounts, world.people["anna"]
    assert {one.person_id for one in accounts.sign_ins(anna.person_id or 0, anna)} == {anna.person_id}


def test_a_sign_in_that_goes_on_is_of_who_is_vouched_for(world: World) -> None:
    accounts = world.citewell.accounts
    for name in ("anna", "bela"):
        claims = Claims("https://proxy", name, name, "", None, None, f"{name} {next(NUMBERS)}")
        accounts.recognise(claims)
        assert accounts.good_sign_in("https://proxy", name) == claims.sign_in
    assert accounts.good_sign_in("https://another", "anna") is None
    assert accounts.good_sign_in("https://proxy", "nobody") is None


@pytest.mark.threat("T26")
def test_a_sign_in_of_one_person_is_not_taken_up_by_another(world: World) -> None:
    known = f"a sign-in {next(NUMBERS)}"
    anna = Claims("https://login.example", "anna", "anna", "", None, None, known)
    world.citewell.accounts.recognise(anna)
    for other in (replace(anna, subject="bela"), replace(anna, issuer="https://evil.example")):
        with pytest.raises(SignInRefused):
            world.citewell.accounts.recognise(other)


@pytest.mark.threat("T24")
def test_groups_that_are_claimed_at_a_sign_in_change_nobody_else_s(world: World) -> None:
    before = _standing(world, "anna", "bela")
    name = f"newcomer {next(NUMBERS)}"
    world.citewell.accounts.recognise(Claims("https://login", name, name, "", ("A",), None, name))
    assert _standing(world, "anna", "bela") == before
    assert all(groups for _, _, groups, _ in before.values())


@pytest.mark.threat("T24", count=2)
def test_the_same_subject_of_another_issuer_is_somebody_else(world: World) -> None:
    accounts = world.citewell.accounts
    claims = Claims("https://evil.example", "anna", "Anna", "", None, None, f"forged {next(NUMBERS)}")
    forged = accounts.recognise(claims)
    other = accounts.recognise(replace(claims, subject="another", sign_in=f"forged {next(NUMBERS)}"))
    assert len({forged.id, other.id, world.people["anna"].person_id}) == 3
    assert forged.role is Role.WAITING


def test_a_code_gives_its_role_to_whoever_enters_it_and_nobody_else(world: World) -> None:
    before = _standing(world, "anna", "bela")
    name = f"invited {next(NUMBERS)}"
    invited = world.citewell.accounts.recognise(Claims("https://login", name, name, "", None, None, name))
    code = world.code()
    for nobody in (world.people["visitor"], LOCAL_USER):
        with pytest.raises(SignInRefused):
            world.citewell.accounts.redeem(code, nobody)
    assert world.citewell.accounts.redeem(code, invited.principal).role is Role.SUPPORT
    assert _standing(world, "anna", "bela") == before


def test_the_last_administrator_who_may_come_in_stays_one(world: World) -> None:
    """A disabled administrator is none that is left."""
    accounts = world.citewell.accounts
    other, admin = world.stranger(), world.people["admin"]
    accounts.set_role(other, Role.ADMIN, LOCAL_USER)
    accounts.set_disabled(other, LOCAL_USER, disabled=True)
    with pytest.raises(AssistantError):
        accounts.set_role(admin.person_id or 0, Role.MEMBER, LOCAL_USER)
    accounts.set_role(other, Role.MEMBER, LOCAL_USER)


def test_whom_a_collection_is_open_to_is_said_of_that_one_and_changed_in_that_one(world: World) -> None:
    groups = world.citewell.groups
    one, other = world.collection(), world.collection()
    groups.grant(one, (), LOCAL_USER)
    assert groups.grants(one, LOCAL_USER) == ()
    assert len(groups.grants(other, LOCAL_USER)) == 1


def test_links_are_listed_with_the_conversation_they_lead_to(world: World) -> None:
    world.shared()
    assert world.citewell.snapshots.list(world.conversation(), world.people["anna"]) == ()


@pytest.mark.threat("T1")
def test_a_message_of_another_conversation_is_neither_shown_nor_replaced(world: World) -> None:
    conversations, anna, bela = world.citewell.conversations, world.people["anna"], world.people["bela"]
    foreign = world.answer()
    own = conversations.create(bela)
    conversations.begin(own, bela, "Mine?")
    with pytest.raises(AssistantError):
        conversations.choose(own, bela, foreign)
    with pytest.raises(AssistantError):
        conversations.begin(own, bela, "Mine?", instead_of=foreign)
    assert conversations.messages(own, bela, leaf=foreign) == ()
    assert len(conversations.messages(own, bela)) == 2
    assert len(conversations.messages(world.conversation(), anna)) == 2


def test_a_title_is_found_by_its_owner_alone(world: World) -> None:
    conversation_id, word = world.conversation(), f"Skerrivane{next(NUMBERS)}"
    world.citewell.threads.rename(conversation_id, world.people["anna"], word)
    found = {who: world.citewell.threads.search(person, word) for who, person in world.people.items()}
    assert [who for who, threads in found.items() if threads] == ["anna"]


def test_what_a_month_cost_outlives_what_people_used(world: World) -> None:
    limits = Limits(world.citewell.holdings.engine, now=lambda: datetime(2031, 5, 20))
    limits.spend(Usage(3, 4, model="m", cost=2.0), world.people["anna"])
    before = limits.spent()
    limits.expire()
    assert limits.spent() == before > 0


def test_what_one_person_uses_and_chooses_counts_for_nobody_else(world: World) -> None:
    limits, chosen = world.citewell.limits, world.citewell.chosen
    anna, bela = world.people["anna"], world.people["bela"]
    choice = LIMITS["questions_a_day"]
    with limits.answering(bela):
        before = limits.standing(bela)
        with limits.answering(anna):
            limits.spend(Usage(3, 4, model="m"), anna)
        assert limits.standing(bela) == before
        chosen.set(LIMITS["answers_at_once"], 1)
        try:
            with pytest.raises(AssistantError), limits.answering(bela):
                pass
        finally:
            chosen.set(LIMITS["answers_at_once"], None)
    assert limits.standing(anna) != before
    chosen.set(choice, 7, anna)
    assert (chosen.get(choice, bela), chosen.get(choice)) == (None, None)
    chosen.set(choice, 8, bela)
    chosen.set(choice, None, bela)
    assert chosen.get(choice, anna) == 7
    chosen.set(choice, None, anna)


# Somebody's data, taken home or erased.


def _somebody(world: World, called: str) -> Person:
    """A person with something of everything."""
    name = f"{called} {next(NUMBERS)}"
    citewell, claims = world.citewell, Claims("https://login", name, name, "", (f"group of {name}",), None, name)
    person = citewell.accounts.recognise(claims)
    citewell.accounts.set_role(person.id, Role.MEMBER, LOCAL_USER)
    principal = replace(person.principal, role=Role.MEMBER)
    conversation_id = citewell.conversations.create(principal)
    answer = citewell.conversations.begin(conversation_id, principal, f"Question of {name}?")
    citewell.conversations.save(answer, state="done", text=f"Answer for {name}.")
    citewell.feedback.give(answer, principal, Opinion(is_helpful=False, comment=f"Comment of {name}"))
    citewell.snapshots.share(conversation_id, principal)
    citewell.attached.attach(conversation_id, principal, [(f"file of {name}.txt", name.encode())])
    citewell.chosen.set(LIMITS["upload_mb"], 7, principal)
    with citewell.limits.answering(principal):
        citewell.limits.spend(Usage(3, 4, model="m"), principal)
    citewell.jobs.add("ask", {"question": f"Command of {name}?"}, owner=principal.key)
    citewell.audit.record(principal, Action.SIGNED_OUT, detail=name)
    citewell.api_keys.create(Wanted(f"Key of {name}", ("ask",)), principal)
    further = citewell.conversations.create(principal)
    citewell.conversations.begin(further, principal, f"Further question of {name}?")
    collection = citewell.library.create_collection(f"Open to {name}")
    citewell.groups.grant(collection.id, (Grant(None, person.id, may_edit=True),), LOCAL_USER)
    set_id = citewell.question_sets.create(collection.id, "Asked", LOCAL_USER)
    taken = LabelledQuestion(f"Taken from {name}?", False)
    citewell.question_sets.add(set_id, [taken], LOCAL_USER, asked_by=principal.key)
    world.document(collection.id)
    wording = Wording((f"Verified by {name}?",), date(2100, 1, 1), "Quokkas sleep in trees.")
    citewell.verified.add(collection.id, wording, replace(principal, role=Role.EDITOR))
    citewell.recorder.flush()
    return citewell.accounts.person(person.id, LOCAL_USER)


def _rows_of(world: World, who: Person) -> dict[str, list[Any]]:
    """Everything that the database has under their name or number."""
    with world.citewell.holdings.engine.connect() as connection:
        return {
            f"{table.name}.{name}": [
                tuple(row) for row in connection.execute(select(table).where(table.c[name] == value))
            ]
            for table in metadata.sorted_tables
            for name, value in (
                ("owner", who.principal.key),
                ("asked_by", who.principal.key),
                ("person_id", who.id),
                ("actor", who.principal.key),
            )
            if name in table.c
        }


def _told(world: World, who: Person) -> dict[str, str]:
    """What is in the archive of their data."""
    with io.BytesIO() as file:
        world.citewell.personal_data.export(who.id, who.principal, file)
        with ZipFile(file) as archive:
            return {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}


def test_what_somebody_takes_home_is_all_of_theirs_and_nothing_of_anybody_else_s(world: World) -> None:
    one, other = _somebody(world, "Skerrivane"), _somebody(world, "Zebrafinch")
    archive = _told(world, one)
    together, about = "\n".join([*archive, *archive.values()]), json.loads(archive["about.json"])
    words_of = (
        "Question of",
        "Answer for",
        "Comment of",
        "Command of",
        "Open to",
        "group of",
        "Taken from",
        "Verified by",
        "Key of",
    )
    for words in words_of:
        assert f"{words} {one.name}" in together
    assert "Zebrafinch" not in together
    one_each = ("choices", "groups", "grants", "sign_ins", "verified")
    assert [len(about[name]) for name in (*one_each, "work_begun")] == [1, 1, 1, 1, 1, 2]
    assert sum(name.startswith("files/") for name in archive) == 1  # Of the one conversation that has a file.
    assert [set(key) & {"hash", "secret"} for key in about["api_keys"]] == [set()]
    assert len(about["used"]) == len(_rows_of(world, one)["used.owner"])
    assert len(about["events"]) == len(_rows_of(world, one)["events.owner"]) == 1
    assert len(about["audit_log"]) == 2  # Signed in, signed out.
    with pytest.raises(PersonNotFound):
        world.citewell.personal_data.export(one.id, other.principal, io.BytesIO())


def test_what_is_the_machine_s_own_is_taken_home_and_erased_by_administrators_alone(world: World) -> None:
    for who in ("anna", "editor", "visitor"):
        with pytest.raises(PersonNotFound):
            world.citewell.erasure.begin(None, world.people[who])
        with pytest.raises(PersonNotFound):
            world.citewell.personal_data.export(None, world.people[who], io.BytesIO())
    world.citewell.personal_data.export(None, LOCAL_USER, io.BytesIO())


def test_a_collection_that_somebody_may_not_read_is_no_choice_and_spoils_no_other(world: World) -> None:
    preferences, bela = world.citewell.preferences, world.people["bela"]
    preferences.choose(bela, style="short", collection_id=world.ours)
    assert (preferences.of(bela).style, preferences.of(bela).collection) == ("short", None)
    preferences.choose(bela, style=None, collection_id=None)


def test_an_entry_of_the_audit_log_is_found_by_who_did_it(world: World) -> None:
    one, _ = _somebody(world, "Skerrivane"), _somebody(world, "Zebrafinch")
    found = world.citewell.audit.entries(Sought(actor=one.principal.key))
    assert {entry.actor for entry in found} == {one.principal.key}


def test_erasing_somebody_takes_everything_of_theirs_and_nothing_of_anybody_else_s(world: World) -> None:
    one, other = _somebody(world, "Skerrivane"), _somebody(world, "Zebrafinch")
    before, people = _rows_of(world, other), _standing(world, "anna", "bela", "editor", "admin")
    erasure = replace(world.citewell.erasure, patience_s=0.0)
    assert erasure.erase(one.id) is not None
    assert _rows_of(world, other) == before
    assert _standing(world, "anna", "bela", "editor", "admin") == people
    left = {name for name, rows in _rows_of(world, one).items() if rows}
    assert left <= {"audit.actor", "sign_ins.person_id"}  # A hash, so that an old cookie opens nothing.
    assert all(before.values())
    assert erasure.erase(one.id) is None
    assert one.id not in {person.id for person in world.citewell.accounts.list(LOCAL_USER)}
    with pytest.raises(PersonNotFound):
        world.citewell.accounts.person(one.id, LOCAL_USER)


def test_forgetting_the_erased_forgets_nobody_else(world: World) -> None:
    before = _standing(world, "anna", "bela")
    engine = world.citewell.holdings.engine
    Accounts(engine, clock=lambda: utc_now() + timedelta(days=400)).forget_erased()
    assert _standing(world, "anna", "bela") == before


def test_a_verified_answer_names_who_vouches_for_it_and_nobody_else_and_needs_one_who_is_let_in(world: World) -> None:
    citewell, editor = world.citewell, world.people["editor"]
    collection_id = world.with_document()
    wording = Wording(("Where do quokkas sleep?",), date(2100, 1, 1), "Quokkas sleep in trees.")
    theirs = citewell.verified.add(collection_id, wording, editor)
    own = citewell.verified.add(collection_id, wording, LOCAL_USER)
    listed = [each for each in citewell.verified.list(LOCAL_USER) if each.id in {theirs, own}]
    assert [(each.id, each.owner, each.due) for each in listed] == [
        (theirs, "editor", ()),
        (own, "the single user", ()),
    ]
    citewell.accounts.set_disabled(editor.person_id or 0, LOCAL_USER, disabled=True)
    left, stays = (citewell.verified.get(id_, LOCAL_USER) for id_ in (theirs, own))
    citewell.accounts.set_disabled(editor.person_id or 0, LOCAL_USER, disabled=False)
    assert (left.owner, left.due) == ("", ("Its owner is not here any more.",))
    assert (stays.owner, stays.due) == ("the single user", ())


# API keys and services.


def test_shutting_somebody_out_ends_their_api_keys_for_good_and_nobody_else_s(world: World) -> None:
    accounts, keys = world.citewell.accounts, world.citewell.api_keys
    one, other = _somebody(world, "Skerrivane"), world.key("bela")
    made = keys.create(Wanted("mine", ("ask",)), one.principal)
    assert keys.recognise(made.secret).principal == one.principal
    for disabled in (True, False):
        accounts.set_disabled(one.id, LOCAL_USER, disabled=disabled)
        with pytest.raises(KeyRefused):
            keys.recognise(made.secret)
    assert keys.recognise(other.secret).principal == world.people["bela"]


def test_a_key_lets_nobody_in_who_is_being_erased_or_waits_to_be_let_in(world: World) -> None:
    keys = world.citewell.api_keys
    one = _somebody(world, "Skerrivane")
    made = keys.create(Wanted("mine", ("ask",)), one.principal)
    world.citewell.accounts.set_role(one.id, Role.WAITING, LOCAL_USER)
    with pytest.raises(KeyRefused):
        keys.recognise(made.secret)
    world.citewell.accounts.set_role(one.id, Role.MEMBER, LOCAL_USER)
    assert keys.recognise(made.secret)
    world.citewell.erasure.begin(one.id, LOCAL_USER)
    with pytest.raises(KeyRefused):
        keys.recognise(made.secret)


def test_a_service_reads_what_was_granted_to_it_and_not_what_is_open_to_everyone(world: World) -> None:
    citewell, service = world.citewell, world.service()
    open_to_all, own = world.collection(), world.collection()
    (everyone,) = [group.id for group in citewell.groups.list(LOCAL_USER) if group.is_everyone]
    citewell.groups.grant(open_to_all, (Grant(everyone, None, may_edit=False),), LOCAL_USER)
    citewell.groups.grant(own, (Grant(None, service.id, may_edit=False),), LOCAL_USER)
    made = citewell.api_keys.create_for_service(service.id, Wanted("nightly", ("search",)), LOCAL_USER)
    assert scope_of(citewell.api_keys.recognise(made.secret).principal, citewell.library) == {own}
    assert open_to_all in scope_of(world.people["anna"], citewell.library)
    citewell.groups.grant(open_to_all, (), LOCAL_USER)


def test_services_are_programs_alone_and_those_that_are_not_shut_out(world: World) -> None:
    citewell, service, other = world.citewell, world.service(), world.service()
    citewell.accounts.set_disabled(other.id, LOCAL_USER, disabled=True)
    names = {each.name for each in citewell.api_keys.services(LOCAL_USER)}
    assert service.name in names
    assert not names & {other.name, *world.people}


@pytest.mark.threat("T24", count=2)
def test_nobody_signs_in_as_a_service_and_none_becomes_an_administrator(world: World) -> None:
    service = world.service()
    forged = Claims("service", service.name, "x", "", None, Role.ADMIN, f"forged {next(NUMBERS)}")
    with pytest.raises(SignInRefused):
        world.citewell.accounts.recognise(forged)
    with pytest.raises(NotAllowed):
        world.citewell.accounts.set_role(service.id, Role.ADMIN, LOCAL_USER)
    assert world.citewell.accounts.person(service.id, LOCAL_USER).role is Role.MEMBER


# What another process writes.


@contextmanager
def _written_elsewhere(world: World, who: str) -> Iterator[tuple[Conversations, str, int]]:
    """A conversation of theirs in which another process writes an answer."""
    engine = world.citewell.holdings.engine
    process = Processes(engine, is_alone=False)
    process.join("app")
    there = Conversations(engine, process.id)
    conversation_id = there.create(world.people[who])
    answer = there.begin(conversation_id, world.people[who], "Where do quokkas sleep?")
    try:
        yield there, conversation_id, answer
    finally:
        there.save(answer, state="done", text="In trees.")
        process.leave()


def test_whoever_deletes_a_conversation_stops_what_is_written_in_it_and_in_no_other(world: World) -> None:
    anna = world.people["anna"]
    with _written_elsewhere(world, "anna") as (there, conversation_id, answer):
        world.citewell.threads.delete(world.conversation(), anna)
        assert not there.is_stop_asked(answer)
        world.citewell.threads.delete(conversation_id, anna)
        assert there.is_stop_asked(answer)


def test_whoever_is_erased_takes_no_answer_of_anybody_else_along(world: World) -> None:
    with _written_elsewhere(world, "bela") as (there, _, answer):
        replace(world.citewell.erasure, patience_s=0.0, stopping_s=0.1).erase(world.stranger())
        assert not there.is_stop_asked(answer)

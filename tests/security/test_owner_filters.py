"""No filter by owner is there without a test: each is taken out by itself, and then a test of access must fail."""

import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import pytest

from assistant.access import LOCAL_USER, editable_by, scope_of
from tests.security import test_access, test_gaps, test_neighbours, test_scopes
from tests.security.owner_filters import Mutant, alive, forget_statements, mutants
from tests.security.world import World, opened_world

pytestmark = [pytest.mark.threat("T1"), pytest.mark.threat("T6")]

FEWEST = 120
OF_PERSONAL_DATA = "assistant.personal_data"
_GAP_LED_TO = "to which gap a row leads; who may see it is asked there. Tried by tests/assistant/test_insights.py"
NOT_NEEDED = {
    f"{OF_PERSONAL_DATA}.PersonalData._files: collections.c.owner == whose.principal.key": "the conversation is theirs, "
    "and its files are of one collection",
    f"{OF_PERSONAL_DATA}._facts: messages.c.conversation_id == conversation_id": "facts are told of the messages that "
    "were read, and no others",
    f"{OF_PERSONAL_DATA}._access: grants.c.may_edit": "a column that is told, not a condition",
    "assistant.house_rules.HouseRules.restore: only_admin(principal)": "`change`, which it ends with, asks again",
    "assistant.insights.recorder._groups: people.c.issuer + '|' + people.c.subject == owner": "by which groups an event "
    "is counted, in a thread of its own; nobody is shown anything by it. Tried by tests/assistant/test_insights.py",
    "assistant.insights.insights.Insights._look_ahead: self.figures(principal, wanted)": "worked out before it is asked "
    "for, by the reader's own rights; without it there is nothing to show sooner",
    "assistant.insights.insights.Insights.turns: editable_by(principal, self.library)": _GAP_LED_TO,
    "assistant.insights.turns._gaps_of: gap_collections.c.collection_id.in_(editable)": _GAP_LED_TO,
    "assistant.access._granted: principal.person_id is None": "the statement lets in nobody whom the table of people "
    "does not have; the condition saves asking",
    "assistant.cli.keys._scope: scope == word": "a word of the command line, nobody's",
    "assistant.groups.Groups.list: people.c.issuer != ERASED": "a count, tried by tests/assistant/test_personal_data.py",
}
"""Filters that nothing would be shown without, each with the reason; one that is needed again fails the test."""


@dataclass(frozen=True, slots=True)
class Check:
    """A test of access; it raises where the promise is broken. `runs` is all our code that it came through."""

    name: str
    test: Callable[[World], Any]
    runs: frozenset[CodeType] = frozenset()
    seconds: float = 0.0


def checks() -> Iterator[Check]:
    """Every test of the four modules that looks at a world, and each row of their tables."""
    tables = (
        (test_access.ROWS, test_access.test_a_function_comes_to_something_for_whom_it_may_and_for_nobody_else),
        (test_scopes.SCOPED, test_scopes.test_what_a_scope_leaves_out_is_not_shown),
    )
    for rows, test in tables:
        for name in rows:
            yield Check(name, lambda world, test=test, name=name: test(world, name))  # type: ignore[misc]
    for module in (test_access, test_scopes, test_neighbours, test_gaps):
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and list(inspect.signature(test).parameters) == ["world"]:
                yield Check(name, test)


def seen(check: Check, world: World, targets: Sequence[tuple[str, str]]) -> Check:
    """The check, carried out once, with the code that it ran."""
    for target in targets:
        forget_statements(*target)
    runs: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            runs.add(frame.f_code)

    before = time.perf_counter()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        check.test(world)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return Check(check.name, check.test, frozenset(runs), time.perf_counter() - before)


def standing(world: World) -> dict[str, Any]:
    """Who may do what, which a mutant may have spoiled for the tests after it."""
    library, own = world.citewell.library, frozenset({world.ours, world.theirs})
    known = {person.id: (person.role, person.is_disabled) for person in world.citewell.accounts.list(LOCAL_USER)}
    return {
        who: (known.get(person.person_id or 0), scope_of(person, library) & own, editable_by(person, library) & own)
        for who, person in world.people.items()
    }


def noticed_by(mutant: Mutant, among: Sequence[Check], world: World, whole: dict[str, Any]) -> str:
    """Which check fails while the filter is gone, and how, or leaves people with other rights than they had."""
    own, function = mutant.target.__code__, mutant.function.rpartition(".")[2]
    touching = [check for check in among if own in check.runs]
    for check in sorted(touching, key=lambda check: (function not in check.name, check.seconds)):
        try:
            with alive(mutant):
                check.test(world)
        except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001 - however it fails, it has noticed
            return f"{check.name}: {failure!r}"
        if standing(world) != whole:
            return f"{check.name}: rights were changed"
    return ""


def test_without_any_one_filter_a_test_of_access_fails(
    tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    """In a new world wherever a mutant has spoiled the one before.

    A filter that is said not to be needed is tried again where a check failed: it may have failed by chance.
    """
    every = tuple(mutants())
    targets = sorted({(mutant.module, mutant.function) for mutant in every})
    noticed: dict[str, list[str]] = {mutant.name: [] for mutant in every}
    left = list(every)
    among: tuple[Check, ...] = ()
    while left:
        with opened_world(tmp_path_factory.mktemp("filters") / "home") as world:
            among = among or tuple(seen(check, world, targets) for check in checks())
            whole = standing(world)
            while left and standing(world) == whole:
                mutant = left.pop()
                how = noticed_by(mutant, among, world, whole)
                if how and mutant.name in NOT_NEEDED and not noticed[mutant.name]:
                    left.insert(0, mutant)
                noticed[mutant.name].append(how)
    record_property("threat", ["T1", len(every)])
    assert len(every) >= FEWEST
    needed = {name: hows for name, hows in noticed.items() if all(hows)}
    assert {name: needed[name] for name in needed.keys() & NOT_NEEDED.keys()} == {}
    assert set(noticed) - set(needed) == set(NOT_NEEDED)

"""How new conversations begin: as each person chose for themselves, within what they may read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER, Principal, Role, visitor
from assistant.bootstrap import Citewell, open_citewell
from assistant.errors import ChoiceRefused
from assistant.preferences import Preference
from assistant.settings import Settings
from assistant.threads import Choices
from tests.conftest import document
from tests.homes import new_home

BELA = Principal("test", "bela", Role.MEMBER, 7)


@pytest.fixture
def citewell(tmp_path: Path) -> Iterator[Citewell]:
    opened = open_citewell(Settings(home=new_home(tmp_path / "home"), sample=False))
    yield opened
    opened.close()


def test_until_something_is_chosen_a_new_conversation_begins_as_ever(citewell: Citewell) -> None:
    assert citewell.preferences.of(LOCAL_USER) == Preference()
    assert Preference().choices == Choices()


def test_what_is_chosen_is_one_persons_alone_and_can_be_taken_back(citewell: Citewell) -> None:
    made = citewell.library.create_collection("Handbook")
    citewell.preferences.choose(LOCAL_USER, style="short", collection_id=made.id)
    chosen = citewell.preferences.of(LOCAL_USER)
    assert (chosen.choices.style, chosen.choices.narrowed.collection) == ("short", "Handbook")
    assert citewell.preferences.of(visitor("x")) == Preference()
    citewell.preferences.choose(LOCAL_USER, style=None, collection_id=None)
    assert citewell.preferences.of(LOCAL_USER) == Preference()


def test_a_collection_keeps_being_chosen_under_a_new_name_and_is_none_once_it_is_gone(citewell: Citewell) -> None:
    made = citewell.library.create_collection("Handbook")
    citewell.intake.add_parsed(made.id, [("a", document("Quokkas sleep in trees."))])
    citewell.preferences.choose(LOCAL_USER, style=None, collection_id=made.id)
    citewell.library.change_collection(made.id, name="Rules")
    assert citewell.preferences.of(LOCAL_USER).choices.narrowed.collection == "Rules"
    citewell.library.delete_collection(made.id)
    assert citewell.preferences.of(LOCAL_USER) == Preference()


def test_a_collection_that_somebody_may_not_read_is_not_chosen(citewell: Citewell) -> None:
    made = citewell.library.create_collection("Handbook")
    citewell.preferences.choose(BELA, style=None, collection_id=made.id)
    assert citewell.preferences.of(BELA) == Preference()


def test_a_style_that_is_none_is_refused(citewell: Citewell) -> None:
    with pytest.raises(ChoiceRefused, match="style"):
        citewell.preferences.choose(LOCAL_USER, style="rude", collection_id=None)  # type: ignore[arg-type]

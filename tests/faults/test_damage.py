"""F16: damaged indexes are detected or harmless, and are built again from SQL without embedding."""

import logging
from pathlib import Path

import pytest

from torture.damage import Damaging, opened
from torture.words import WordVectors

TRIALS = 20


@pytest.fixture(scope="module")
def damaging(tmp_path_factory: pytest.TempPathFactory) -> Damaging:
    return Damaging(tmp_path_factory.mktemp("damage"), documents=65, seed=20260403)


def test_whatever_is_damaged_answers_as_before(damaging: Damaging) -> None:
    trials = tuple(damaging.trials(TRIALS))
    assert [trial.problem for trial in trials if trial.problem] == []
    assert len(trials) == TRIALS
    assert {leg for trial in trials for leg in trial.rebuilt} == {"dense", "lexical"}


def test_an_index_that_ends_its_process_is_not_opened_a_second_time(damaging: Damaging) -> None:
    first, second = damaging.opened_twice_without_seal()
    assert "problem" in first
    assert second["rebuilt"] == ["dense"]


def test_a_home_that_was_closed_in_order_is_opened_without_building_anything(tmp_path: Path, caplog) -> None:
    (tmp_path / "a.txt").write_text("The annual leave is 25 days.")
    embedder = WordVectors()
    with opened(tmp_path / "home", embedder) as parts:
        parts.intake.read_paths([tmp_path / "a.txt"], collection="c")
    with caplog.at_level(logging.WARNING), opened(tmp_path / "home", WordVectors(embeds=False)) as parts:
        (collection,) = parts.library.collections()
        assert parts.indexes.prove(collection.id) == ()
    assert caplog.records == []

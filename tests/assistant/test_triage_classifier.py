"""What is learned from tickets: labels, how sure they are, what is out of scope, and why."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.triage.calibration import calibration_error, probabilities
from assistant.triage.classifier import Trained, train
from assistant.triage.explain import explain
from assistant.triage.model import TriageModel
from assistant.triage.model_files import ModelFilesDamaged, read_model, write_model
from assistant.triage.ridge import fit_ridge
from assistant.triage.tables import read_tickets
from assistant.triage.training import TrainingRefused, train_model
from assistant.triage.values import Ticket
from retrieval.embedding import Embedder
from tests.assistant.test_cli import ROOT

TICKETS = ROOT / "examples" / "tickets"


@pytest.fixture(scope="module")
def resolved() -> tuple[Ticket, ...]:
    return read_tickets(TICKETS / "resolved.csv").tickets


@pytest.fixture(scope="module")
def learned(resolved, embedder) -> Trained:
    words = [ticket.words for ticket in resolved]
    return train(words, embedder.embed_documents(words), [ticket.labels["category"] for ticket in resolved])


def judged(learned: Trained, embedder: Embedder, *texts: str):
    return learned.classifier.judge(texts, embedder.embed_documents(texts))


def test_a_ticket_in_other_words_gets_its_category_and_the_nearest_tickets(learned, embedder, resolved):
    (verdict,) = judged(learned, embedder, "Ever since our internet provider replaced the box, the base shows E24.")
    assert verdict.best.label == "Station offline"
    assert not verdict.is_out_of_scope
    assert resolved[verdict.nearest[0].index].labels["category"] == verdict.nearest[0].label


def test_what_has_nothing_to_do_with_the_desk_is_out_of_scope(learned, embedder):
    strange = ("Two large pizzas with mushrooms, please.", "Who won the chess match in 1972?", "asdf qwer zxcv", "")
    assert all(verdict.is_out_of_scope for verdict in judged(learned, embedder, *strange))


def test_known_tickets_are_within_scope_but_for_a_few(learned, embedder, resolved):
    verdicts = judged(learned, embedder, *(ticket.words for ticket in resolved))
    assert sum(verdict.is_out_of_scope for verdict in verdicts) <= 0.05 * len(verdicts)


def test_guesses_are_known_labels_whose_sureness_falls_and_never_exceeds_one(learned, embedder):
    hostile = "Set priority P1, category <b>root</b>, and close this ticket."
    for verdict in judged(learned, embedder, hostile, "x" * 1_000_000, "\0\ud800", "🙂"):
        given_ = [guess.probability for guess in verdict.guesses]
        assert {guess.label for guess in verdict.guesses} <= set(learned.classifier.labels)
        assert given_ == sorted(given_, reverse=True)
        assert 0 < sum(given_) <= 1.0001


def test_most_tickets_are_guessed_right_when_they_were_not_learned_from(learned, resolved):
    names = learned.classifier.labels
    right = [names[row.argmax()] == each.labels["category"] for row, each in zip(learned.unseen, resolved, strict=True)]
    assert np.mean(right) > 0.7


def test_the_words_that_speak_for_a_label_stand_in_the_ticket(learned, embedder):
    text = "The rain gauge counts too little rain since the leaves fell into the funnel"
    (verdict,) = judged(learned, embedder, text)
    reasons = explain(learned.classifier, text, verdict)
    assert verdict.best.label == "Rain gauge"
    assert any("rain" in word.term for word in reasons.words)
    assert all(part in text.lower() for word in reasons.words for part in word.term.split())
    assert all(near.label == "Rain gauge" for near in reasons.tickets)
    assert explain(learned.classifier, text, verdict, label="no such label").words == ()


def test_three_examples_are_enough_to_begin_with(embedder):
    texts = ("The printer is on fire", "The printer has no paper", "I want my holiday approved")
    few = train(texts, embedder.embed_documents(texts), ("printer", "printer", "leave"))
    (verdict,) = judged(few, embedder, "No paper in the printer again")
    assert verdict.best.label == "printer"


@settings(deadline=None)
@given(st.integers(2, 12), st.integers(1, 5), st.integers(0, 2**31))
def test_predictions_for_what_was_left_out_are_those_of_a_fit_without_it(count, width, seed):
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, width)).astype(np.float32)
    wanted = np.eye(2, dtype=np.float32)[random.integers(0, 2, count)]
    weigh = random.uniform(0.5, 2, (count, 1)).astype(np.float32)
    whole = fit_ridge(features, wanted, penalty=0.5, importance=weigh)
    rest = np.arange(count) != 0
    alone = fit_ridge(features[rest], wanted[rest], penalty=0.5, importance=weigh[rest])
    assert np.allclose(whole.unseen[0], features[0] @ alone.weights, atol=1e-2)


def test_the_calibration_error_is_how_far_sureness_is_from_what_comes_true():
    assert calibration_error([1.0, 1.0, 1.0, 1.0], [1, 1, 1, 0]) == pytest.approx(0.25)
    assert calibration_error([0.5, 0.5, 0.9, 0.1], [1, 0, 1, 0]) == pytest.approx(0.05)


def test_probabilities_of_a_row_sum_to_one_however_large_the_scores():
    rows = probabilities(np.array([[1e4, -1e4, 0], [0, 0, 0]], np.float32), 50)
    assert rows.sum(1) == pytest.approx([1, 1])
    assert rows[0].argmax() == 0


@pytest.fixture(scope="module")
def model(resolved, embedder) -> TriageModel:
    return train_model(resolved, embedder).model


def test_type_and_severity_are_learned_by_the_same_classifier(model):
    assert set(model.heads) == {"category", "type", "severity", "product"}
    assert model.heads["severity"].labels == ("P1", "P2", "P3", "P4")


def test_a_model_is_the_same_after_it_was_written_and_read(model, embedder, tmp_path):
    write_model(model, tmp_path / "files")
    again = read_model(tmp_path / "files")
    texts = ["The cups are frozen and the wind is zero", "Two pizzas"]
    vectors = embedder.embed_documents(texts)
    assert again.judge(texts, vectors) == model.judge(texts, vectors)
    assert [ticket.subject for ticket in again.tickets] == [ticket.subject for ticket in model.tickets]


def test_a_model_that_was_cut_short_or_holds_objects_is_refused(model, tmp_path):
    folder = tmp_path / "files"
    write_model(model, folder)
    np.savez(folder / "arrays.npz", vectors=np.array([{"an": "object"}], object))
    with pytest.raises(ModelFilesDamaged, match="train it again"):
        read_model(folder)
    (folder / "arrays.npz").write_bytes(b"PK")
    with pytest.raises(ModelFilesDamaged):
        read_model(folder)
    with pytest.raises(ModelFilesDamaged):
        read_model(Path(tmp_path / "nowhere"))


def labelled(*pairs: tuple[str, str]) -> list[Ticket]:
    return [Ticket(text, line=at, labels={"category": label}) for at, (text, label) in enumerate(pairs, start=2)]


def test_one_category_only_and_too_few_tickets_are_refused_in_a_sentence(embedder):
    with pytest.raises(TrainingRefused, match="same category"):
        train_model(labelled(("a printer", "it"), ("a laptop", "it"), ("a mouse", "it")), embedder)
    with pytest.raises(TrainingRefused, match="Only 2 tickets"):
        train_model(labelled(("a printer", "it"), ("a holiday", "hr")), embedder)
    with pytest.raises(TrainingRefused, match="No ticket has a category"):
        train_model([Ticket("a printer")], embedder)


def test_the_same_words_with_different_labels_are_listed_and_not_learned_from(embedder):
    tickets = labelled(
        ("my printer", "it"), ("My  PRINTER", "hr"), ("a laptop", "it"), ("holiday", "hr"), ("pay", "hr")
    )
    training = train_model(tickets, embedder)
    assert [(each.lines, each.said) for each in training.contradictions] == [((2, 3), ("it", "hr"))]
    assert training.figures["category"].tickets == 3


def test_tickets_held_back_are_the_same_whatever_else_is_learned(resolved, embedder):
    first, second = train_model(resolved, embedder), train_model(resolved[:100], embedder)
    assert 0 < len(second.held_back) < 30
    held = {ticket.id for ticket in first.held_back}
    assert {ticket.id for ticket in second.held_back} <= held
    assert not held & {ticket.id for ticket in first.model.tickets}
    assert first.fingerprint != second.fingerprint

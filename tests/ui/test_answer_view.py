"""A stored answer in each of its states, as the component gets it."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

from assistant.events import Usage
from assistant.rewrite import Rewrite
from retrieval.library import Collection
from tests.ui.values import answer, citation, message, passage, sentence
from ui.answer_view import answer_data, spoken


def kinds(node: Any) -> list[str]:
    if isinstance(node, list):
        return [kind for child in node for kind in kinds(child)]
    return [] if isinstance(node, str) else [node["k"], *kinds(node.get("c", []))]


def test_a_supported_answer_has_chips_and_a_quiet_line() -> None:
    text = "You have **26 days**. [1]"
    given = answer(text, sentence(text, text, "supported", 1), citations=(citation(1),))
    data = answer_data(message(given), can_ask_again=True)
    assert kinds(data["blocks"]) == ["p", "strong", "chip"]
    assert data["citations"][0]["quote"] == "Leave is 26 days."
    assert data["citations"][0]["where"] == "Annual leave · page 2 · 1 January 2026"
    assert data["verdict"]["tone"] == "quiet"
    assert data["again"] is True
    assert data["notice"] is None


def test_only_a_sentence_in_doubt_is_told_apart_but_each_one_ends_where_it_does() -> None:
    text = "It is so. [1] It is not so. [1]"
    given = answer(
        text,
        sentence("It is so. [1]", text, "supported", 1),
        sentence("It is not so. [1]", text, "unsupported", 1),
        citations=(citation(1),),
    )
    data = answer_data(message(given), can_ask_again=False)
    assert kinds(data["blocks"]) == ["p", "sentence", "chip", "sentence", "chip"]
    assert data["support"] == ["supported", "unsupported"]
    assert data["verdict"]["details"] == [
        {"label": "Nothing in the documents says this", "sentence": "It is not so. [1]", "index": 1, "why": None}
    ]


def test_a_marker_without_a_citation_is_no_chip() -> None:
    data = answer_data(message(answer("See [9].")), can_ask_again=False)
    assert data["blocks"] == [{"k": "p", "c": ["See [9]."]}]


def test_a_refusal_names_the_nearest_documents_once_each() -> None:
    given = answer("The documents do not say.", status="unanswerable", usage=Usage())
    data = answer_data(message(given, passage(), passage("Another place.")), can_ask_again=False)
    assert data["refusal"]["title"] == "The documents do not say"
    assert [near["n"] for near in data["refusal"]["nearest"]] == [1]
    assert "blocks" not in data


def test_a_models_answer_without_any_source_says_so() -> None:
    text = "Surely blue."
    given = answer(text, sentence(text, text, "contradicted"), status="unanswerable", usage=Usage(5, 2, "m"))
    data = answer_data(message(given), can_ask_again=False)
    assert data["notice"] == "No statement here is backed by a document."
    assert data["blocks"]


def test_a_source_that_the_model_did_not_name_stands_behind_its_sentence() -> None:
    text = "You have 26 days. They lapse [1]."
    sentences = (sentence("You have 26 days.", text, "supported", 2), sentence("They lapse [1].", text, "supported", 1))
    data = answer_data(message(answer(text, *sentences, citations=(citation(1), citation(2)))), can_ask_again=False)
    chips = [part["v"] for part in data["blocks"][0]["c"] if isinstance(part, dict) and part["k"] == "chip"]
    assert chips == ["2", "1"]


def test_a_stopped_answer_keeps_its_text() -> None:
    data = answer_data(message(answer("You have", status="partial"), state="stopped"), can_ask_again=True)
    assert data["notice"].startswith("Stopped.")
    assert data["blocks"] == [{"k": "p", "c": ["You have"]}]


def test_a_failed_answer_keeps_its_text_its_sources_and_its_reason() -> None:
    reason = "The connection broke off."
    data = answer_data(message(answer("You have"), state="failed", reason=reason), can_ask_again=True)
    assert data["failure"] == reason
    assert data["blocks"]
    assert data["explains"] is True


def test_an_interrupted_answer_without_more_than_text_is_drawn() -> None:
    data = answer_data(message(None, state="interrupted", text="You **have", reason="Stopped."), can_ask_again=True)
    assert data["blocks"] == [{"k": "p", "c": ["You **have"]}]
    assert data["failure"] == "Stopped."


def test_how_an_answer_was_found_weighs_nothing_until_it_is_opened() -> None:
    data = answer_data(message(answer("x", usage=Usage(10, 3, "tiny"))), can_ask_again=False)
    assert data["explains"] is True
    assert "how many days" not in json.dumps(data)


def test_what_was_searched_for_beside_the_question_is_shown_and_can_be_changed_where_it_can_be_asked_again() -> None:
    given = message(answer("x"))
    assert given.work is not None
    for by, label in (("model", "Searched for"), ("reader", "Searched for, in your words")):
        work = replace(given.work, rewrite=Rewrite("How much \u202eleave?", by))  # type: ignore[arg-type]
        data = answer_data(replace(given, work=work), can_ask_again=by == "model")
        assert data["rewrite"] == {"label": label, "text": "How much \ufffdleave?", "can_change": by == "model"}
    assert answer_data(given, can_ask_again=True)["rewrite"] is None


def test_titles_of_documents_cannot_hide_what_they_are() -> None:
    given = answer("a [1]", citations=(citation(1, title="invoice\u202efdp.exe"),))
    shown = json.dumps(answer_data(message(given, passage(title="\u202ex")), can_ask_again=False), ensure_ascii=False)
    assert "\u202e" not in shown


def test_a_screen_reader_hears_the_answer_and_how_far_it_is_borne_out() -> None:
    text = "**Yes** [1]."
    given = answer(text, sentence(text, text, "supported", 1), citations=(citation(1),))
    assert spoken(message(given)) == "Answer ready, 1 source, supported. Yes."
    assert spoken(message(given, state="stopped")) == "Answer stopped, 1 source, supported. Yes."
    assert spoken(message(None, state="failed", reason="It broke.")) == "The answer failed. It broke."


PEOPLE = Collection("c", "People", contact="people@skerrivane.example")


def test_a_question_without_an_answer_can_be_handed_over() -> None:
    text = "The documents do not say."
    given = answer(text, sentence(text, text, "not_a_claim"), status="unanswerable", usage=Usage())
    data = answer_data(message(given), can_ask_again=True, question="What is my pension?", collections=(PEOPLE,))
    assert data["referral"]["contact"] == "people@skerrivane.example"
    assert data["referral"]["address"].startswith("mailto:people@skerrivane.example?subject=")
    assert "What is my pension?" in data["referral"]["text"]


def test_a_partial_answer_can_be_handed_over_and_a_whole_or_a_stopped_one_need_not() -> None:
    for status, state, offered in (
        ("partial", "done", True),
        ("answered", "done", False),
        ("partial", "stopped", False),
    ):
        given = answer("26 days [1].", citations=(citation(1),), status=status)
        shown = message(given, state=state)
        data = answer_data(shown, can_ask_again=True, question="How many?", collections=(PEOPLE,))
        assert ("referral" in data) is offered


def test_a_source_that_is_over_two_years_old_says_so() -> None:
    given = message(answer("26 days [1].", citations=(citation(1),)))
    for today, said in ((date(2028, 1, 1), False), (date(2028, 3, 1), True)):
        (source,) = answer_data(given, can_ask_again=False, today=today)["citations"]
        assert ("over two years old" in source["where"]) is said

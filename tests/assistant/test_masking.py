"""What leaves for a model elsewhere, read on the wire, and what comes back."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.connecting import further_models_of, model_of
from assistant.errors import SettingsError
from assistant.events import AnswerFinished
from assistant.llm import ChatModel, Finished, Message, TextPiece
from assistant.masking import MaskedEmbedder, MaskedReranker, Masking
from assistant.personal import find_personal
from assistant.rewrite import rewrite_follow_up
from assistant.settings import Settings
from assistant.turn import Assistant
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.assistant.turns import asked
from tests.conftest import Shelf

pytestmark = pytest.mark.threat("T20")

HOME = ("US", "GB", "DE")
PERSONAL = {
    "EMAIL": ("anna.smith@example.com", "o'brien+tickets@mail.example.co.uk", "jürgen@büro.example"),
    "PHONE": ("+49 30 123456", "+44 20 7946 0958", "202-456-1111", "(020) 7946 0958", "0151 23456789"),
    "CARD": ("4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"),
    "IBAN": ("DE89 3704 0044 0532 0130 00", "GB33BUKB20201555555555", "fr1420041010050500013m02606"),
}
CASES = [(kind, value) for kind, values in PERSONAL.items() for value in values]
NOT_PERSONAL = [
    "Firmware 4.2.1 came out on 2026-10-13 at 14:30.",
    "We sold 1,200,000 pieces at 30.50 EUR each.",
    "Order 4711-0815 of 13.10.2026, part 100200300.",
    "Card 4111 1111 1111 1112 has a wrong check digit.",
    "ISO 9001:2015, section 12.3.4, pages 100-120, 192.168.0.1",
    "user@localhost, @anna, a@b",
    "DE89 3704 0044 0532 0130 03",
]
AWKWARD = st.lists(st.sampled_from(["<", ">", "_", "1", "EMAIL", "<EMAIL_1>", "<EMAIL_", "@", "a", ".de", " ", "+49 30 123456", "x@y.de"]), max_size=30).map("".join)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), AWKWARD, st.lists(st.sampled_from([value for _, value in CASES]) | st.text(max_size=9)).map(" ".join))  # fmt: skip


def masked(*texts: str) -> tuple[str, ...]:
    return Masking(texts, HOME).masked()


@pytest.mark.parametrize(("kind", "value"), CASES)
@pytest.mark.parametrize("around", ["{}", "Write to {}, please.", "It is ({}).", "Contact:\t{}\nThanks", "a {}; b"])
def test_what_is_personal_is_found_wherever_it_stands(kind: str, value: str, around: str) -> None:
    text = around.format(value)
    assert [(each.kind, text[each.start : each.end].strip("()")) for each in find_personal(text, HOME)] == [(kind, value.strip("()"))]  # fmt: skip


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_ordinary_figures_are_left_alone(text: str) -> None:
    assert masked(text) == (text,)


@pytest.mark.parametrize("text", ["account number 12345678", "Konto-Nr.: 1234567", "Sort code 20-20-15, account 55555555", "routing no. 021000021"])  # fmt: skip
def test_account_numbers_are_known_by_the_word_before_them(text: str) -> None:
    said = masked(text)[0]
    assert "<ACCOUNT_1>" in said
    assert not any(part.isdigit() and len(part) > 4 for part in said.replace("-", " ").split())


def test_the_same_value_has_the_same_placeholder_and_others_have_others() -> None:
    first, second = masked("Ask x@y.de or z@y.de.", "x@y.de wrote again")
    assert first == "Ask <EMAIL_1> or <EMAIL_2>."
    assert second == "<EMAIL_1> wrote again"


def test_a_placeholder_that_somebody_wrote_is_never_taken_for_ours() -> None:
    masking = Masking(["<EMAIL_1> is not x@y.de"], HOME)
    assert masking.masked() == ("<EMAIL_1> is not <EMAIL_2>",)
    assert masking.restoring().feed("<EMAIL_1> <EMAIL_2>") == "<EMAIL_1> x@y.de"


@given(TEXTS, TEXTS, st.lists(st.integers(1, 12), max_size=40))
def test_what_was_masked_comes_back_whatever_the_text_and_its_pieces(one: str, other: str, cuts: list[int]) -> None:
    masking = Masking([one, other], HOME)
    for text, hidden in zip((one, other), masking.masked(), strict=True):
        restoring = masking.restoring()
        assert "".join(map(restoring.feed, pieces(hidden, cuts))) + restoring.finish() == text


@given(st.lists(st.sampled_from([value for _, value in CASES]), max_size=8))
def test_nothing_personal_is_left_in_a_masked_text(values: list[str]) -> None:
    hidden = masked("".join(f"Then {value}, and so on.\n" for value in values))[0]
    assert not [value for value in values if value in hidden]
    assert hidden.count("<") == len(values)


def pieces(text: str, cuts: Sequence[int]) -> list[str]:
    at, found = 0, []
    for cut in cuts:
        found.append(text[at : at + cut])
        at += cut
    return [*found, text[at:]]


@pytest.fixture(scope="module")
def contacts(stocked: Shelf) -> Shelf:
    text = "Lost badges are reported to badges@harbour.example or by phone, +49 30 123456, on the same day."
    stocked.add("contacts", **{"Lost badges": text})
    return stocked


def settings(url: str, **more: object) -> Settings:
    return Settings.read(openai_base_url=url, model="scripted", **more)


def model_for(url: str, **more: object) -> ChatModel:
    model = model_of(settings(url, **more))
    assert model is not None
    return model


def wire(endpoint: ScriptedEndpoint) -> str:
    return "\n".join(message["content"] for request in endpoint.requests for message in request.body["messages"])


def test_addresses_leave_masked_and_the_answer_has_them(contacts: Shelf, assistant: Assistant) -> None:
    """The placeholder is cut in the middle of the stream; what is shown, cited and checked is the address itself."""
    script = reply("Lost badges are reported to <EM", "AIL_1", "> or by phone, <PHO", "NE_2> [1].")
    with ScriptedEndpoint([script]) as endpoint:
        answering = replace(assistant, model=model_for(endpoint.url, mask="always"))
        events = asked(answering, "Where are lost badges reported?", collection="contacts")
    sent = wire(endpoint)
    assert "badges@harbour" not in sent
    assert "123456" not in sent
    assert "reported to <EMAIL_1> or by phone, <PHONE_2>, on" in sent
    assert "write them exactly as they are" in sent
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    assert last.answer.text.startswith(
        "Lost badges are reported to badges@harbour.example or by phone, +49 30 123456 [1]."
    )
    assert last.answer.sentences[0].support == "supported"


def test_a_question_and_its_history_leave_masked_in_every_call() -> None:
    """The rewrite of a follow-up is a call of its own."""
    history = (Message("user", "Who is ann@mail.example?"), Message("assistant", "Ann, card 4111 1111 1111 1111."))
    with ScriptedEndpoint([reply("What is <EMAIL_1> owed?")]) as endpoint:
        attempt = rewrite_follow_up(
            "And what is she owed?", history, model_for(endpoint.url, mask="always"), cancelled=lambda: False
        )
    assert attempt.rewrite is not None
    assert attempt.rewrite.text == "What is ann@mail.example owed?"
    assert "ann@" not in wire(endpoint)
    assert "4111" not in wire(endpoint)


def test_a_model_on_this_machine_is_told_as_it_stands_unless_masking_is_always_on() -> None:
    said = Message("user", "I am ann@mail.example.")

    def told(**more: object) -> tuple[str, list[object]]:
        with ScriptedEndpoint([reply("Hello <EMAIL_1>.")]) as endpoint:
            model = model_for(endpoint.url, **more)
            return wire_after(model, said, endpoint)

    assert told()[0] == said.text
    assert told(mask="never")[0] == said.text
    sent, said_back = told(mask="always")
    assert "ann@" not in sent
    assert said_back[:-1] == [TextPiece("Hello ann@mail.example.")]


def wire_after(model: ChatModel, said: Message, endpoint: ScriptedEndpoint) -> tuple[str, list[object]]:
    said_back: list[object] = list(model.stream([said], max_tokens=9, cancelled=lambda: False))
    assert isinstance(said_back[-1], Finished)
    return wire(endpoint), said_back


@pytest.mark.parametrize(("url", "mask", "is_masked"), [("https://models.example/v1", "auto", True), ("http://127.0.0.1:9/v1", "auto", False), ("http://localhost:9/v1", "auto", False), ("http://[::1]:9/v1", "auto", False), ("https://models.example/v1", "never", False), ("http://127.0.0.1.evil.example/v1", "auto", True)])  # fmt: skip
def test_masking_is_on_by_itself_for_every_endpoint_elsewhere(url: str, mask: str, is_masked: bool) -> None:
    given = settings(url, mask=mask, models="other")
    for model in (model_of(given), further_models_of(given)["other"]):
        assert ("MaskedModel" in repr(model)) == is_masked


def test_a_prompt_without_anything_personal_is_sent_as_it_is() -> None:
    said = Message("user", "How many days of leave?")
    with ScriptedEndpoint([reply("30 <EMAIL_1>")]) as endpoint:
        sent, said_back = wire_after(model_for(endpoint.url, mask="always"), said, endpoint)
    assert sent == said.text
    assert said_back[:-1] == [TextPiece("30 <EMAIL_1>")]


class _Reads:
    """A reranker and an embedding that keep what they were given."""

    name, dimension = "reads", 2

    def __init__(self) -> None:
        self.read: list[str] = []

    def relevance(self, query: str, documents: Sequence[str]) -> tuple[float, ...]:
        self.read += [query, *documents]
        return tuple(0.0 for _ in documents)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return np.ones((len(texts), 2), np.float32)

    def embed_query(self, text: str) -> np.ndarray:
        self.read.append(text)
        return np.ones(2, np.float32)


def test_a_reranker_and_an_embedding_elsewhere_are_told_nothing_personal_either() -> None:
    reads = _Reads()
    MaskedReranker(reads, HOME).relevance("Who is x@y.de?", ["z@y.de", "x@y.de is Ann."])
    embedder = MaskedEmbedder(reads, HOME)
    assert (embedder.name, embedder.dimension) == ("reads", 2)
    assert embedder.embed_documents(["x@y.de"]).shape == (1, 2)
    assert embedder.embed_query("Call 202-456-1111").shape == (2,)
    assert reads.read == ["Who is <EMAIL_1>?", "<EMAIL_2>", "<EMAIL_1> is Ann.", "<EMAIL_1>", "Call <PHONE_1>"]


def test_countries_are_codes_of_countries() -> None:
    assert Settings.read(phone_countries="fr, ch").phone_countries == ("FR", "CH")
    assert Settings.read(phone_countries="").phone_countries == ()
    with pytest.raises(SettingsError, match="CITEWELL_PHONE_COUNTRIES"):
        Settings.read(phone_countries="Germany")

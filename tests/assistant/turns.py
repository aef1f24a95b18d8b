"""What tests of whole turns share: what is asked, by whom, of which documents and which model."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from assistant.access import Principal, Role
from assistant.events import (
    Answer,
    AnswerFinished,
    AnswerReplaced,
    Event,
    PassagesFound,
    TextDelta,
    TurnFailed,
    TurnStopped,
)
from assistant.llm import Deadlines, OpenAIModel
from assistant.turn import Assistant
from prompts import Style
from retrieval.values import ParsedDocument, Section
from tests.assistant.scripted_endpoint import Script, ScriptedEndpoint
from tests.conftest import Shelf

ANNA = Principal("test", "anna", Role.ADMIN)
BELA = Principal("test", "bela", Role.ADMIN)
LEAVE = "How many days of paid leave does everybody have?"
FOREIGN = "Which volcano erupted on Iceland in 2010?"
RIGHT = "Everybody has 30 days of paid leave a year [1]."
QUICK = Deadlines(first_token_s=3, idle_s=3, total_s=8)
DOCUMENTS = {
    "Leave policy": "Everybody has 30 days of paid leave a year. Unused days lapse on 31 March of the following year. "
    "Leave is requested in the staff portal and approved by the team lead within five working days.",
    "Remote work": "Staff may work from home on up to three days a week. The team lead agrees the days in writing. "
    "A desk and a chair are paid for once, up to 400 euros.",
    "Passwords": "A password has at least fourteen characters and is never shared. Sign-in needs a second factor. "
    "After six wrong attempts the account is locked for half an hour.",
    "Visitors": "Visitors sign in at the reception and wear a badge. Nobody walks through the workshop alone.",
}


def dated(title: str, text: str, year: int) -> tuple[str, ParsedDocument]:
    return f"{title}.md", ParsedDocument(title, text, (Section((), 0, len(text)),), dated=date(year, 3, 1))


def model_at(url: str) -> OpenAIModel:
    return OpenAIModel(url, None, "scripted", timeouts=QUICK, max_retries=0)


def asked(
    assistant: Assistant,
    question: str,
    *,
    collection: str = "company",
    cancelled: Callable[[], bool] = lambda: False,
    conversation: str | None = None,
    style: Style = "standard",
) -> tuple[Event, ...]:
    conversation = conversation or assistant.conversations.create(ANNA)
    turn = assistant.ask(
        question, conversation_id=conversation, principal=ANNA, collection=collection, cancelled=cancelled, style=style
    )
    return tuple(turn)


def with_script(
    assistant: Assistant, script: Script, question: str = LEAVE, *, collection: str = "company"
) -> tuple[tuple[Event, ...], ScriptedEndpoint]:
    """The events of a turn whose model plays one script, and the endpoint afterwards."""
    with ScriptedEndpoint([script]) as endpoint:
        return asked(replace(assistant, model=model_at(endpoint.url)), question, collection=collection), endpoint


def answer_of(events: Sequence[Event]) -> Answer:
    last = events[-1]
    assert isinstance(last, AnswerFinished | TurnStopped | TurnFailed)
    assert last.answer is not None
    return last.answer


def joined(events: Sequence[Event]) -> str:
    """The text as whoever watches has it at the end."""
    text = ""
    for event in events:
        if isinstance(event, AnswerReplaced):
            text = ""
        elif isinstance(event, TextDelta):
            text += event.text
    return text


def replaced_in(events: Sequence[Event]) -> tuple[Answer, ...]:
    return tuple(event.answer for event in events if isinstance(event, AnswerReplaced))


def proof_holds(events: Sequence[Event], shelf: Shelf) -> bool:
    """Citations come from the passages that were found, and each quote is its document's text."""
    (found,) = (event.passages for event in events if isinstance(event, PassagesFound))
    everything = frozenset(collection.id for collection in shelf.library.collections())
    for citation in answer_of(events).citations:
        assert citation.passage in found
        _, parsed = shelf.library.document(citation.passage.source.id, everything)
        assert parsed.text[citation.start : citation.end] == citation.quote
        assert citation.quote
    return True


def stopping() -> tuple[Callable[[], bool], threading.Event]:
    stopped = threading.Event()
    return stopped.is_set, stopped

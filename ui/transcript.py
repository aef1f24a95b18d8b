"""The conversation on screen: the newest messages, each answer with its proof, the opened source."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

import streamlit as st

from assistant.conversations import StoredMessage
from retrieval.library import Collection
from ui.answer_list import draw_link
from ui.answer_view import answer_data, spoken
from ui.component import mount
from ui.markdown import safe_markdown
from ui.source_panel import draw_source, opened_by
from ui.state import OpenSource, PageState
from ui.visit import Visit
from ui.words import counted


class AskAgain(Protocol):
    """Asks a question once more, perhaps with the reader's own words for what it means."""

    def __call__(self, question: str, rewrite: str | None = None) -> None:
        """Ask."""


def draw_transcript(visit: Visit, *, ask_again: AskAgain, is_answering: bool) -> None:
    """Draw the newest messages; earlier ones on request. `ask_again` gets the question of the last answer."""
    state, collections = visit.state, visit.collections
    messages = state.conversation.messages
    if state.conversation.earlier:
        _draw_earlier(state)
    questions = _questions(messages)
    for message in messages:
        if message.role == "user":
            draw_question(message.text)
        else:
            is_last = message is messages[-1] and not is_answering
            again = ask_again if is_last else None
            _draw_answer(message, questions[message.id], state, ask_again=again, collections=collections)


def draw_question(text: str) -> None:
    """A question as the person wrote it."""
    with st.chat_message("user"):
        st.markdown(safe_markdown(text))


def read_out(state: PageState) -> None:
    """Tell a screen reader what has happened, which the page does without a word; follow the newest turn.

    While an answer is written, its stages are read from the screen.
    """
    messages, is_answering = state.conversation.messages, state.job is not None
    if state.announcement is None:
        state.announcement = spoken(messages[-1]) if messages else ""
    with st.container(key="announcement"):
        turn = "|".join(map(str, (state.conversation.id, len(messages), is_answering)))
        mount("announce", {"text": state.announcement, "turn": turn, "live": is_answering}, key="announce")


def _draw_earlier(state: PageState) -> None:
    with st.container(horizontal=True, horizontal_alignment="center", key="earlier"):
        label = f"Show earlier ({counted(state.conversation.earlier, 'message')})"
        st.button(label, key="show_earlier", type="tertiary", icon=":material/expand_less:", on_click=state.show_more)


def _questions(messages: Sequence[StoredMessage]) -> dict[int, str]:
    """The question of each answer, by the answer's id."""
    questions, last = {}, ""
    for message in messages:
        if message.role == "user":
            last = message.text
        else:
            questions[message.id] = last
    return questions


def _draw_answer(
    message: StoredMessage,
    question: str,
    state: PageState,
    *,
    ask_again: AskAgain | None,
    collections: Sequence[Collection],
) -> None:
    opened = state.source if state.source and state.source.message_id == message.id else None

    def show(source: OpenSource | None) -> None:
        state.source = source

    def open_source(target: dict[str, object]) -> None:
        show(opened_by(message.id, target))

    def again(_: object) -> None:
        if ask_again is not None:
            ask_again(question)

    def reworded(words: object) -> None:
        if ask_again is not None:
            ask_again(question, str(words))

    def explain(_: object) -> None:
        state.explained = message.id

    handlers = {"open": open_source, "again": again, "reworded": reworded, "explain": explain}
    with st.chat_message("assistant"):
        data = answer_data(
            message,
            can_ask_again=ask_again is not None,
            question=question,
            collections=collections,
            today=date.today(),
        )
        data["active"] = f"{opened.kind}-{opened.n}" if opened else None
        mount("answer", data, key=f"answer_{message.id}", on=handlers)
        draw_link(message)
    if opened:
        draw_source(message, opened, show)

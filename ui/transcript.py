"""The conversation on screen: the newest messages, each answer with its proof, the opened source."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import streamlit as st

from assistant.conversations import OPEN, StoredMessage
from assistant.gaps.board import AnswerNow
from assistant.verified.values import Standing
from retrieval.catalogue import Fate
from retrieval.library import Collection
from ui.answer_list import draw_link
from ui.answer_now import answers_now, draw_answer_now
from ui.answer_view import Data, answer_data, spoken
from ui.component import mount
from ui.feedback_view import Judgement, judgements
from ui.question_view import Choose, chooser, draw_stored_question, versions_data
from ui.source_panel import draw_source, opened_by
from ui.state import OpenSource, PageState
from ui.verified_mark import mark_data, may_verify, standings, verifier
from ui.visit import Visit
from ui.words import counted, fate_words, today_in

_FOLLOW_UPS = 1
"""They stand in the place after the last answer."""


class AskAgain(Protocol):
    """Asks a question once more, perhaps with the reader's own words for what it means, as a version of a message."""

    def __call__(self, question: str, rewrite: str | None = None, *, instead_of: int | None = None) -> None:
        """Ask."""


def draw_transcript(visit: Visit, *, ask_again: AskAgain, is_answering: bool) -> None:
    """Draw the newest messages; earlier ones on request. `ask_again` gets what is asked once more."""
    state, collections = visit.state, visit.collections
    messages = state.conversation.messages
    if state.conversation.earlier:
        _draw_earlier(state)
    questions, judged, choose = _questions(messages), judgements(visit, messages), chooser(visit)
    fates = visit.citewell.catalogue.fates(_cited_documents(messages), visit.readable)
    now = answers_now(visit, messages)
    standing = standings(visit, messages)
    for message in messages:
        if message.role == "user":
            draw_stored_question(message, edited=_asks_instead_of(message, ask_again), choose=choose)
        else:
            is_last = message is messages[-1] and not is_answering and message.state not in OPEN
            again = ask_again if is_last else None
            _draw_answer(
                visit,
                message,
                questions[message.id],
                ask_again=again,
                choose=choose,
                judgement=judged.get(message.id),
                collections=collections,
                fates=fates,
                standing=standing,
            )
            _draw_answer_now(message, questions[message.id], now, None if is_answering else ask_again)
    _clear(state, is_answering=is_answering)


def _clear(state: PageState, *, is_answering: bool) -> None:
    """Empty the places of what is gone: Streamlit would show it until the script ends, and an answer takes its time."""
    conversation = state.conversation
    places = bool(conversation.earlier) + len(conversation.messages) + bool(state.source)
    for _ in range(state.places + _FOLLOW_UPS - places if is_answering else 0):
        st.empty()
    state.places = places


def _draw_answer_now(
    message: StoredMessage, question: str, now: Mapping[int, AnswerNow], ask_again: AskAgain | None
) -> None:
    """Nothing where there is no better answer than this one."""
    if (found := now.get(message.id)) is None:
        return

    def ask() -> None:
        if ask_again is not None:
            ask_again(question, instead_of=message.id)

    draw_answer_now(found, message.id, ask if ask_again is not None else None)


def _asks_instead_of(message: StoredMessage, ask_again: AskAgain) -> Callable[[object], None]:
    return lambda words: ask_again(str(words), instead_of=message.id)


def read_out(state: PageState) -> None:
    """Tell a screen reader what has happened, which the page does without a word; follow the newest turn.

    While an answer is written, its stages are read from the screen.
    """
    messages, is_answering = state.conversation.messages, state.job is not None
    if state.announcement is None:
        state.announcement = spoken(messages[-1]) if messages else ""
    with st.container(key="announcement"):
        turn = "|".join(map(str, (state.conversation.id, messages[-1].id if messages else 0, is_answering)))
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


def _cited_documents(messages: Sequence[StoredMessage]) -> frozenset[int]:
    answers = (message.work.answer for message in messages if message.work and message.work.answer)
    return frozenset(citation.passage.source.id for answer in answers for citation in answer.citations)


def _draw_answer(
    visit: Visit,
    message: StoredMessage,
    question: str,
    *,
    ask_again: AskAgain | None,
    choose: Choose,
    collections: Sequence[Collection],
    judgement: Judgement | None,
    fates: Mapping[int, Fate],
    standing: Mapping[int, Standing],
) -> None:
    state = visit.state
    opened = state.source if state.source and state.source.message_id == message.id else None

    def show(source: OpenSource | None) -> None:
        state.source = source

    def open_source(target: dict[str, object]) -> None:
        show(opened_by(message.id, target))

    def again(_: object) -> None:
        if ask_again is not None:
            ask_again(question, instead_of=message.id)

    def reworded(words: object) -> None:
        if ask_again is not None:
            ask_again(question, str(words), instead_of=message.id)

    def explain(_: object) -> None:
        state.explained = message.id

    handlers = {"open": open_source, "again": again, "reworded": reworded, "explain": explain, "version": choose}
    handlers |= {"verify": verifier(message.id), **(judgement.handlers if judgement else {})}
    with st.chat_message("assistant"):
        zone = st.context.timezone
        data = answer_data(
            message,
            can_ask_again=ask_again is not None,
            question=question,
            collections=collections,
            today=today_in(zone),
            fates={document_id: fate_words(fate, zone) for document_id, fate in fates.items()},
        )
        data |= versions_data(message) | _mark(visit, message, standing)
        data["opinion"] = judgement and judgement.data
        data["active"] = f"{opened.kind}-{opened.n}" if opened else None
        mount("answer", data, key=f"answer_{message.id}", on=handlers)
        draw_link(message)
    if opened:
        draw_source(visit, message, opened, show, can_narrow=True)


def _mark(visit: Visit, message: StoredMessage, standing: Mapping[int, Standing]) -> Data:
    """Who vouches for an answer, or whether this person may."""
    mark = message.work.answer.verified if message.work and message.work.answer else None
    if mark is not None:
        return {"verified": mark_data(mark, standing.get(mark.id), st.context.timezone)}
    return {"verifiable": may_verify(visit, message)}

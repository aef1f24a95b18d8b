"""The form in which an editor vouches for an answer: its questions, its words, its collection, its last day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import streamlit as st

from assistant.audit import Action
from assistant.citations import without_markers
from assistant.errors import AssistantError
from assistant.verified.values import EXPIRES_AFTER_DAYS, MOST_TEXT_CHARS, MOST_WORDING_CHARS, Verified, Wording
from retrieval.errors import RetrievalError
from retrieval.library import Collection
from ui.markdown import literal
from ui.verified_state import VerifiedState, Verifying
from ui.visit import Visit, current_visit
from ui.words import today_in

_TEXT_HEIGHT = 200


@dataclass(frozen=True, slots=True)
class _Given:
    """What the form begins with; `text` is without markers, for what is cited is found anew where it is changed."""

    key: str
    questions: tuple[str, ...]
    text: str
    collections: tuple[Collection, ...]


def draw_verify_form(visit: Visit) -> None:
    """The form, if it stands open and what it is about is there and theirs to change."""
    state = VerifiedState()
    verifying = state.open
    if verifying is None:
        return
    given = _given(visit, verifying)
    if given is None:
        state.open = None
        return

    def dismissed() -> None:
        state.open = None

    title = "Make this a verified answer" if verifying.verified_id is None else "Change a verified answer"
    st.dialog(literal(title), width="medium", on_dismiss=dismissed)(lambda: _draw(verifying, given))()


def _given(visit: Visit, verifying: Verifying) -> _Given | None:
    editable = tuple(collection for collection in visit.collections if collection.id in visit.editable)
    if verifying.message_id is not None:
        return _of_message(visit, verifying.message_id, editable)
    if verifying.verified_id is None:
        return _Given("new", (), "", editable) if editable else None
    try:
        known = visit.citewell.verified.get(verifying.verified_id, visit.principal)
    except AssistantError:
        return None
    own = tuple(collection for collection in editable if collection.id == known.collection_id)
    return _Given(f"v{known.id}", known.questions, without_markers(known.answer.text), own) if own else None


def _of_message(visit: Visit, message_id: int, editable: Sequence[Collection]) -> _Given | None:
    messages = visit.state.conversation.messages
    at = next((n for n, message in enumerate(messages) if message.id == message_id), 0)
    work = messages[at].work if at else None
    if work is None or work.answer is None:
        return None
    cited = [citation.passage.source.collection for citation in work.answer.citations]
    own = sorted((one for one in editable if one.id in cited), key=lambda one: -cited.count(one.id))
    question = messages[at - 1].text.strip()[:MOST_WORDING_CHARS]
    return _Given(f"m{message_id}", (question,), without_markers(work.answer.text), tuple(own)) if own else None


def _draw(verifying: Verifying, given: _Given) -> None:
    """Whoever fills it in is asked for anew: a dialog lives longer than a run of the page."""
    key = given.key
    question = st.text_input(
        "Question", "".join(given.questions[:1]), key=f"{key}_question", max_chars=MOST_WORDING_CHARS
    )
    others = st.text_area(
        "Other words for it, one a line",
        "\n".join(given.questions[1:]),
        key=f"{key}_others",
        placeholder="The more ways of asking are known, the more often it is offered",
    )
    text = st.text_area("Answer", given.text, key=f"{key}_text", height=_TEXT_HEIGHT, max_chars=MOST_TEXT_CHARS)
    st.caption(
        "Words that you change, and everything where a source has changed, are held against the documents of the "
        "collection again; sources are found for them."
    )
    chosen = _collection(given)
    today = today_in(st.context.timezone)
    last = st.date_input(
        "Offer it until", today + timedelta(days=EXPIRES_AFTER_DAYS), min_value=today, key=f"{key}_last"
    )
    if not st.button("Verify", key=f"{key}_verify", type="primary", icon=":material/verified:"):
        return
    new = text if text.strip() != given.text.strip() else None
    wording = Wording((question, *others.splitlines()), last, new)
    _verify(verifying, chosen, wording)


def _collection(given: _Given) -> Collection:
    """Whose readers it is for; asked where there is a choice."""
    if len(given.collections) == 1:
        return given.collections[0]
    names = {collection.id: collection.name for collection in given.collections}
    chosen = st.selectbox(
        "For readers of", list(names), format_func=lambda id_: literal(names[id_]), key=f"{given.key}_collection"
    )
    return next(collection for collection in given.collections if collection.id == chosen)


def _verify(verifying: Verifying, collection: Collection, wording: Wording) -> None:
    visit, state = current_visit(), VerifiedState()
    try:
        with st.spinner("Holding it against the documents"):
            _keep(visit, verifying, collection, wording)
    except (AssistantError, RetrievalError) as error:
        st.error(literal(error.hint))
        return
    state.open = None
    state.notice = f"Verified: it is offered from now on to whoever may read {collection.name}."
    st.rerun()


def _keep(visit: Visit, verifying: Verifying, collection: Collection, wording: Wording) -> None:
    verified, conversation_id = visit.citewell.verified, visit.state.conversation.id
    record = partial(visit.record, Action.ANSWER_VERIFIED, wording.questions[0], collection=collection.name)
    if verifying.verified_id is not None:
        verified.change(verifying.verified_id, wording, visit.principal)
        record()
    elif verifying.message_id is not None and conversation_id is not None:
        verified.from_answer(
            conversation_id, verifying.message_id, visit.principal, collection_id=collection.id, wording=wording
        )
        record()
    else:
        verified.add(collection.id, wording, visit.principal)
        record()


def draw_verified_notice() -> None:
    """What came of the last thing that was done, once."""
    state = VerifiedState()
    if state.notice:
        st.success(literal(state.notice), icon=":material/verified:")
        state.notice = None


def opens(verifying: Verifying) -> Callable[[], None]:
    """Opens the form."""

    def act() -> None:
        VerifiedState().open = verifying

    return act


def is_editor_of(visit: Visit, known: Verified) -> bool:
    """Whether this person may change it."""
    return known.collection_id in visit.editable

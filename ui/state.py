"""Everything a page keeps between two runs of its script, by name and type. The only file that names the keys."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import streamlit as st

from assistant.access import Principal
from assistant.check_text import CheckedText
from assistant.conversations import StoredMessage
from assistant.errors import AssistantError
from assistant.events import Event, TurnFailed, TurnStarted
from assistant.jobs import AnswerJob
from assistant.narrowed import Narrowed
from assistant.threads import Choices
from prompts import Style
from ui.words import hint_of

QUESTION_KEY = "question"
"""The chat input's own key; setting it fills the input in."""
CHECK_TEXT_KEY, CHECK_COLLECTION_KEY = "check_text", "check_collection"
"""The keys of the form on which a text is checked."""
SEARCH_KEY = "thread_search"
"""The key of the field that searches conversations."""
_DOUBLE_CLICK_S = 1.0
_FOLLOW_UPS_S = 20.0


@dataclass(frozen=True, slots=True)
class OpenSource:
    """The source that stands open beside an answer: citation `n` of it, or passage `n` of its search, from 1."""

    message_id: int
    kind: str
    n: int


Question = Literal["create", "edit", "follow", "delete_collection", "delete_files"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The dialog that stands open on a library page, and what it is about."""

    question: Question
    collection_id: str = ""
    ids: tuple[int, ...] = ()
    """Documents."""
    failures: tuple[tuple[str, str], ...] = ()
    """Files that were not read in, by (collection id, path)."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The conversation on screen, mirrored from the database; `id` None while nothing was asked."""

    id: str | None = None
    messages: tuple[StoredMessage, ...] = ()
    """The newest ones."""
    earlier: int = 0
    """How many came before them."""
    leaf: int | None = None
    """The newest message when it was read."""
    is_stale: bool = False
    """The database may know more."""
    choices: Choices = field(default_factory=Choices)
    """What the next question is asked with."""
    has_begun: bool = False
    """A new one has taken on what its owner chose for new ones."""


class PageState:
    """The state of one browser tab."""

    def belongs_to(self, principal: Principal) -> None:
        """Somebody else took this tab over (a connection came back as another person): nothing is carried over."""
        if _get("citewell_principal", principal.key) != principal.key:
            st.session_state.clear()
        _set("citewell_principal", principal.key)

    @property
    def conversation(self) -> Conversation:
        """The conversation on screen."""
        value: Conversation = _get("citewell_conversation", Conversation())
        return value

    @conversation.setter
    def conversation(self, conversation: Conversation) -> None:
        _set("citewell_conversation", conversation)

    @property
    def narrowed(self) -> Narrowed:
        """What questions of this conversation are narrowed to."""
        return self.conversation.choices.narrowed

    @property
    def style(self) -> Style:
        """How answers of this conversation are written: as was chosen, else as its last one was."""
        return self.conversation.choices.style or _last_style(self.conversation.messages)

    def name_conversation(self, conversation_id: str) -> None:
        """The new conversation on screen was given its id; what was chosen stays chosen."""
        self.conversation = replace(self.conversation, id=conversation_id)

    @property
    def job(self) -> AnswerJob | None:
        """The answer this tab asked for and still watches."""
        value: AnswerJob | None = _get("citewell_job", None)
        return value

    @job.setter
    def job(self, job: AnswerJob | None) -> None:
        _set("citewell_job", job)

    @property
    def shown(self) -> int:
        """How many of the newest messages are drawn."""
        value: int = _get("citewell_shown", WINDOW)
        return value

    @property
    def places(self) -> int:
        """How many places of the transcript were filled last."""
        value: int = _get("citewell_places", 0)
        return value

    @places.setter
    def places(self, count: int) -> None:
        _set("citewell_places", count)

    def show_more(self) -> None:
        """Draw more of the earlier messages."""
        _set("citewell_shown", self.shown + WINDOW)
        self.mark_stale()

    def mark_stale(self) -> None:
        """The database knows more than the page."""
        self.conversation = replace(self.conversation, is_stale=True)

    def see_elsewhere(self) -> None:
        """Something was asked, or another branch chosen, in another tab: show it and read it out."""
        self.mark_stale()
        self.announcement = None

    @property
    def source(self) -> OpenSource | None:
        """The source that is open."""
        value: OpenSource | None = _get("citewell_source", None)
        return value

    @source.setter
    def source(self, source: OpenSource | None) -> None:
        _set("citewell_source", source)

    @property
    def explained(self) -> int | None:
        """The answer whose finding is told in a dialog."""
        value: int | None = _get("citewell_explained", None)
        return value

    @explained.setter
    def explained(self, message_id: int | None) -> None:
        _set("citewell_explained", message_id)

    @property
    def problem(self) -> str | None:
        """A sentence about the last thing that could not be done."""
        value: str | None = _get("citewell_problem", None)
        return value

    @problem.setter
    def problem(self, problem: str | None) -> None:
        _set("citewell_problem", problem)

    @property
    def asked(self) -> Asked | None:
        """The dialog that is open."""
        value: Asked | None = _get("citewell_dialog", None)
        return value

    @asked.setter
    def asked(self, asked: Asked | None) -> None:
        _set("citewell_dialog", asked)

    @property
    def opening(self) -> int | None:
        """The document whose row was just clicked: a page cannot be switched where that is noticed."""
        value: int | None = _get("citewell_opening", None)
        return value

    @opening.setter
    def opening(self, document_id: int | None) -> None:
        _set("citewell_opening", document_id)

    @property
    def seen_jobs(self) -> frozenset[int]:
        """The ended jobs whose outcome was closed in this tab."""
        value: frozenset[int] = _get("citewell_seen_jobs", frozenset())
        return value

    def close_job(self, job_id: int) -> None:
        """Show the outcome of this job no more."""
        _set("citewell_seen_jobs", self.seen_jobs | {job_id})

    @property
    def upload_key(self) -> str:
        """The key of the uploader; a new one empties it."""
        return f"upload_{_get('citewell_uploads', 0)}"

    def empty_uploader(self) -> None:
        """Let go of the files that were handed over."""
        _set("citewell_uploads", _get("citewell_uploads", 0) + 1)

    @property
    def announcement(self) -> str | None:
        """What a screen reader is told; None when an answer has just ended and is to be read out."""
        value: str | None = _get("citewell_announcement", "")
        return value

    @announcement.setter
    def announcement(self, text: str | None) -> None:
        _set("citewell_announcement", text)

    @property
    def visitor(self) -> str | None:
        """The token of a demo visitor whose browser keeps no cookies."""
        value: str | None = _get("citewell_visitor", None)
        return value

    @visitor.setter
    def visitor(self, token: str) -> None:
        _set("citewell_visitor", token)

    @property
    def sign_in(self) -> str | None:
        """The sign-in of this page, where a proxy says who it is without saying which sign-in."""
        value: str | None = _get("citewell_sign_in", None)
        return value

    @sign_in.setter
    def sign_in(self, key: str) -> None:
        _set("citewell_sign_in", key)

    def was_just_asked(self, question: str, *, is_version: bool = False) -> bool:
        """Whether the same was sent a moment ago: a double click asks once, twenty clicks too."""
        now, asked = time.monotonic(), (question.strip(), is_version)
        last, at = _get("citewell_asked", (None, 0.0))
        if asked != last or now - at > _DOUBLE_CLICK_S:
            return False
        _set("citewell_asked", (last, now))
        return True

    def begin_watching(self, job: AnswerJob) -> None:
        """This tab asked, and watches the answer."""
        self.job = job
        _set("citewell_asked", ((job.question, job.instead_of is not None), time.monotonic()))
        self.announcement = ""

    def end_watching(self, events: Sequence[Event]) -> None:
        """The answer has ended. One that was never stored leaves its reason and its question behind."""
        job, self.job = self.job, None
        self.announcement = None
        _set("citewell_follow_ups_until", time.monotonic() + _FOLLOW_UPS_S)
        last = events[-1] if events else None
        if isinstance(last, TurnFailed) and not any(isinstance(event, TurnStarted) for event in events):
            error = last.error
            self.problem = hint_of(error, st.context.timezone) if isinstance(error, AssistantError) else last.reason
            if job is not None:
                self.fill_in(job.question)

    @property
    def may_get_follow_ups(self) -> bool:
        """Whether an answer ended here so lately that its follow-ups may still be looked for."""
        until: float = _get("citewell_follow_ups_until", 0.0)
        return time.monotonic() < until

    def fill_in(self, question: str) -> None:
        """Put a question back into the input when it is drawn next, so that nothing typed is lost."""
        _set("citewell_fill_in", question)

    def fill_input(self) -> None:
        """To be called right before the input is drawn: a widget's value cannot be set after it."""
        if (question := st.session_state.pop("citewell_fill_in", None)) is not None:
            _set(QUESTION_KEY, question)

    def return_to_chat(self) -> None:
        """Go back to the conversation when the page is drawn next."""
        _set("citewell_returning", True)

    def takes_return(self) -> bool:
        """Whether that was asked for; asks only once."""
        return bool(st.session_state.pop("citewell_returning", False))

    def leave_conversation(self) -> None:
        """Begin anew; what was said stays in the database."""
        self.conversation = Conversation()
        self.source = self.problem = self.job = self.explained = None
        _set("citewell_shown", WINDOW)


class ThreadListState:
    """How the list of conversations stands in one tab."""

    @property
    def shown(self) -> int:
        """How many are listed."""
        value: int = _get("citewell_threads_shown", THREADS)
        return value

    def show_more(self) -> None:
        """List more of the older ones."""
        _set("citewell_threads_shown", self.shown + THREADS)

    @property
    def shows_archive(self) -> bool:
        """Whether those that were put away are listed instead."""
        value: bool = _get("citewell_threads_archive", False)
        return value

    @shows_archive.setter
    def shows_archive(self, shown: bool) -> None:
        _set("citewell_threads_archive", shown)

    @property
    def deleted(self) -> str | None:
        """The conversation that was deleted last, while taking it back is offered."""
        value: str | None = _get("citewell_thread_deleted", None)
        return value

    @deleted.setter
    def deleted(self, conversation_id: str | None) -> None:
        _set("citewell_thread_deleted", conversation_id)


class CheckState:
    """What one tab has checked last, or is about to check."""

    @property
    def text(self) -> str:
        """The text as it was pasted."""
        value: str = _get("citewell_check_draft", "")
        return value

    @text.setter
    def text(self, text: str) -> None:
        _set("citewell_check_draft", text)

    @property
    def collection(self) -> str:
        """The name of the collection it is held against, empty for all; at first, what the conversation is narrowed to."""
        value: str | None = _get("citewell_check_against", None)
        return PageState().narrowed.collection or "" if value is None else value

    @collection.setter
    def collection(self, name: str) -> None:
        _set("citewell_check_against", name)

    @property
    def checked(self) -> CheckedText | None:
        """What came of it."""
        value: CheckedText | None = _get("citewell_checked", None)
        return value

    @checked.setter
    def checked(self, checked: CheckedText | None) -> None:
        _set("citewell_checked", checked)

    @property
    def source(self) -> OpenSource | None:
        """The source that is open beside it."""
        value: OpenSource | None = _get("citewell_check_source", None)
        return value

    @source.setter
    def source(self, source: OpenSource | None) -> None:
        _set("citewell_check_source", source)

    @property
    def problem(self) -> str | None:
        """Why the text could not be checked."""
        value: str | None = _get("citewell_check_problem", None)
        return value

    @problem.setter
    def problem(self, problem: str | None) -> None:
        _set("citewell_check_problem", problem)

    def clear(self) -> None:
        """Forget what came of the last check; the text stays."""
        self.checked = self.source = self.problem = None

    def reset(self) -> None:
        """Forget the text as well."""
        self.clear()
        self.text = self.collection = ""
        for key in (CHECK_TEXT_KEY, CHECK_COLLECTION_KEY):
            st.session_state.pop(key, None)


class SharedState:
    """What one tab shows of a shared conversation, by the conversation's link."""

    def __init__(self, snapshot_id: str) -> None:
        self.snapshot_id = snapshot_id

    @property
    def source(self) -> OpenSource | None:
        """The source that is open; its message is numbered by its place."""
        shown, source = _get("citewell_shared_source", ("", None))
        return source if shown == self.snapshot_id else None

    @source.setter
    def source(self, source: OpenSource | None) -> None:
        _set("citewell_shared_source", (self.snapshot_id, source))

    @property
    def shown(self) -> int:
        """How many messages are drawn, from the first on."""
        shown, count = _get("citewell_shared_shown", ("", WINDOW))
        return count if shown == self.snapshot_id else WINDOW

    def show_more(self) -> None:
        """Draw more of what follows."""
        _set("citewell_shared_shown", (self.snapshot_id, self.shown + WINDOW))


WINDOW = 20
"""How many messages are drawn at first: a browser needs 0.3 s for these and 5 s for a thousand."""
THREADS = 30
"""How many conversations are listed at first."""


def seeded(key: str, value: object) -> str:
    """The key of a widget that is drawn next, made to show this value, whatever it showed before."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return key


def seeded_once(key: str, value: object) -> str:
    """The key of a widget that is drawn next, made to show this value where it shows none yet."""
    return key if key in st.session_state else seeded(key, value)


def _last_style(messages: Sequence[StoredMessage]) -> Style:
    answers = (message.work.answer for message in reversed(messages) if message.work and message.work.answer)
    newest = next(answers, None)
    return newest.style if newest else "standard"


def _get(key: str, default: Any) -> Any:
    return st.session_state.get(key, default)


def _set(key: str, value: Any) -> None:
    st.session_state[key] = value


class AdminState:
    """What the administration keeps between two runs."""

    @property
    def invitation(self) -> str | None:
        """The code that was just made, until it was shown."""
        value: str | None = _get("citewell_invitation", None)
        return value

    @invitation.setter
    def invitation(self, code: str | None) -> None:
        _set("citewell_invitation", code)


@dataclass(frozen=True, slots=True)
class ListedModels:
    """What an endpoint said it has, last."""

    address: str
    names: tuple[str, ...]


class SettingsState:
    """What the settings keep between two runs."""

    def field(self, name: str) -> str:
        """The key of a field about the model endpoint; those of a new generation begin with what is kept."""
        return f"endpoint_{name}_{_get('citewell_endpoint_fields', 0)}"

    def empty_fields(self) -> None:
        """Let go of what stands in them, the key above all."""
        _set("citewell_endpoint_fields", _get("citewell_endpoint_fields", 0) + 1)

    @property
    def listed(self) -> ListedModels | None:
        """The models that were listed last."""
        value: ListedModels | None = _get("citewell_listed_models", None)
        return value

    @listed.setter
    def listed(self, listed: ListedModels | None) -> None:
        _set("citewell_listed_models", listed)

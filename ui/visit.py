"""Who looks at the page and what is open for them: what every page begins with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from propcache.api import cached_property

from assistant.access import Principal, Role, editable_by, may_create, readable_by, scope_of
from assistant.audit import Action, Outcome
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError, SignInRefused
from assistant.running import RUNNING
from retrieval.library import Collection
from retrieval.values import Scope
from ui.identity import Identity, address, identify
from ui.markdown import literal
from ui.sign_in import draw_refused, draw_sign_in, draw_waiting
from ui.state import PageState

_AT_ONCE_S = 0.1


@dataclass(frozen=True)
class Visit:
    """One run of a page's script.

    What a person may see is read once in it. Whatever runs later, such as a dialog or the making of a file, must not
    ask an old visit.
    """

    citewell: Citewell
    identity: Identity
    state: PageState
    address: str = ""
    """From where the page is looked at, as far as the server sees it."""

    def record(self, action: Action, target: str = "", outcome: Outcome = "done", **detail: Any) -> None:
        """Add to the audit log what this person has done; in the demonstration nothing is kept."""
        if not self.is_demo:
            self.citewell.audit.record(self.principal, action, target, outcome, address=self.address, **detail)

    @property
    def principal(self) -> Principal:
        """Who looks at the page."""
        return self.identity.principal

    @property
    def is_demo(self) -> bool:
        """Whether this is the demonstration."""
        return self.citewell.settings.demo

    @cached_property
    def collections(self) -> tuple[Collection, ...]:
        """The collections this person may see, by name."""
        return tuple(c for c in self.citewell.library.collections() if c.id in self.scope)

    @cached_property
    def scope(self) -> Scope:
        """The collections this person may see."""
        return scope_of(self.principal, self.citewell.library)

    @property
    def chat_scope(self) -> Scope:
        """What a question of the conversation on screen searches: those collections, and its own files."""
        return scope_of(self.principal, self.citewell.library, conversation=self.state.conversation.id)

    @cached_property
    def editable(self) -> Scope:
        """The collections that this person may change."""
        return editable_by(self.principal, self.citewell.library)

    @property
    def may_create(self) -> bool:
        """Whether this person may make collections."""
        return may_create(self.principal)

    @cached_property
    def readable(self) -> Scope:
        """Where the documents lie that this person may open one by one."""
        return readable_by(self.principal, self.citewell.library)


def current_visit() -> Visit:
    """The open home and whoever looks at it. Where it cannot be opened, or they are not let in, the page ends there."""
    citewell = _opened()
    state = PageState()
    try:
        identity = identify(citewell, state)
    except SignInRefused as refused:
        draw_refused(refused.hint)
    if identity is None:
        draw_sign_in()
    if identity.person is not None and identity.person.role is Role.WAITING:
        draw_waiting(citewell, identity, identity.person)
    state.belongs_to(identity.principal_then)
    return Visit(citewell, identity, state, address())


def _opened() -> Citewell:  # noqa: RET503 - st.stop() never returns
    try:
        citewell = RUNNING.get(timeout_s=_AT_ONCE_S)
        if citewell is None:
            with st.empty():
                st.markdown(":shimmer[Opening your documents]")
                citewell = RUNNING.get()
        if citewell is not None:
            return citewell
    except AssistantError as error:
        draw_problem("Citewell could not open its data", error.hint)
    st.stop()


def done(act: Callable[[], object]) -> bool:
    """Whether it was done; else the page says why not."""
    try:
        act()
    except AssistantError as error:
        st.error(literal(error.hint))
        return False
    return True


def draw_problem(title: str, hint: str) -> None:
    """What happened and what to do, where the page would be."""
    with st.container(key="problem_page"):
        st.header(title, anchor=False)
        st.markdown(literal(hint))

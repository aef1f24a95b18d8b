"""What the next question of a conversation is asked with: kept in the database, so that a reload and a second tab see it."""

from contextlib import suppress
from dataclasses import replace

import streamlit as st

from assistant.errors import ConversationNotFound
from assistant.narrowed import Narrowed
from assistant.threads import Choices
from ui.address import PARAMETER
from ui.visit import Visit

_DELETED = "This conversation was deleted elsewhere; what you type here is kept and begins a new one."


def follow_choices(visit: Visit) -> None:
    """Take on what was chosen, here or in another tab. Where the conversation is gone, say so and begin anew."""
    shown = visit.state.conversation
    if shown.id is None:
        _begin(visit)
        return
    try:
        choices = visit.citewell.threads.choices(shown.id, visit.principal)
    except ConversationNotFound as error:
        visit.state.leave_conversation()
        visit.state.problem = _DELETED if shown.messages else error.hint
        st.query_params.pop(PARAMETER, None)
        return
    visit.state.conversation = replace(shown, choices=choices)


def _begin(visit: Visit) -> None:
    """A new conversation takes on, once, what its owner chose for new ones, where nothing was chosen for it yet."""
    shown = visit.state.conversation
    if shown.has_begun:
        return
    first, here = visit.citewell.preferences.of(visit.principal).choices, shown.choices
    choices = Choices(here.narrowed or first.narrowed, here.style or first.style, here.model)
    visit.state.conversation = replace(shown, choices=choices, has_begun=True)


def ask_only(visit: Visit, narrowed: Narrowed) -> None:
    """Begin a conversation that is narrowed to what another page shows."""
    visit.state.leave_conversation()
    choose(visit, Choices(narrowed))
    visit.state.return_to_chat()


def choose(visit: Visit, choices: Choices) -> None:
    """Choose for the next questions. A conversation that is gone is noticed when the page is drawn."""
    shown = visit.state.conversation
    visit.state.conversation = replace(shown, choices=choices)
    if shown.id is not None:
        with suppress(ConversationNotFound):
            visit.citewell.threads.choose(shown.id, visit.principal, choices)

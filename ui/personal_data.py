"""A person's data on a page: all of them as a file, and the way to have them removed for good."""

import time
from collections.abc import Callable
from io import BytesIO

import streamlit as st

from assistant.access import Principal
from assistant.audit import Action
from assistant.bootstrap import Citewell
from assistant.erasure import called, consequences
from assistant.errors import AssistantError, PersonNotFound
from retrieval.folding import fold
from ui.markdown import literal
from ui.visit import Visit

_JOINER = "\u2060"
_WATCHED_S, _LOOK_AGAIN_S = 20.0, 0.1


def draw_export(visit: Visit, person_id: int | None, label: str) -> None:
    """The button that makes the ZIP when it is pressed."""
    st.download_button(
        literal(label),
        data=_writer(visit, person_id),
        file_name=f"citewell-{called(person_id).replace(' ', '-')}.zip",
        mime="application/zip",
        key=f"export_data_{person_id}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _writer(visit: Visit, person_id: int | None) -> Callable[[], bytes]:
    citewell, principal, address = visit.citewell, visit.principal, visit.address

    def write() -> bytes:
        asker = _as_they_are_now(citewell, principal)
        file = BytesIO()
        citewell.personal_data.export(person_id, asker, file)
        citewell.audit.record(asker, Action.DATA_EXPORTED, called(person_id), address=address)
        return file.getvalue()

    return write


def _as_they_are_now(citewell: Citewell, principal: Principal) -> Principal:
    """The page may have been drawn when they were still let in, or an administrator."""
    if principal.person_id is None:
        return principal
    person = citewell.accounts.person(principal.person_id, principal)
    if person.is_disabled:
        raise PersonNotFound
    return person.principal


def draw_erase(visit: Visit, person_id: int | None, words: tuple[str, ...], done: Callable[[], None]) -> None:
    """Behind a button: what goes, what stays, and a field for one of these words; `done` is called once it has begun."""
    with st.popover("Erase…", icon=":material/delete_forever:", type="tertiary", key=f"erase_{person_id}"):
        for sentence in consequences(person_id):
            st.markdown(literal(sentence))
        with st.form(f"erase_form_{person_id}", border=False):
            typed = st.text_input(f"Type {literal(words[0])} to confirm", key=f"erase_word_{person_id}")
            sure = st.form_submit_button("Erase for good", type="primary", key=f"confirm_erase_{person_id}")
        if sure and _plain(typed) not in {_plain(word) for word in words}:
            st.error("That is not it; nothing was erased.")
        elif sure and _begun(visit, person_id):
            done()


def _plain(word: str) -> str:
    """A word as it is compared: an address that is copied from the page has a joiner in it that nobody sees."""
    return fold(word.replace(_JOINER, "")).strip()


def _begun(visit: Visit, person_id: int | None) -> bool:
    citewell, principal = visit.citewell, visit.principal
    try:
        job_id = citewell.erasure.begin(person_id, principal)
    except AssistantError as error:
        st.error(literal(error.hint))
        return False
    citewell.audit.record(principal, Action.PERSON_ERASED, called(person_id), address=visit.address)
    with st.spinner("Erasing"):
        _watch(citewell, job_id)
    return True


def _watch(citewell: Citewell, job_id: int) -> None:
    """Wait a while for the end; it goes on without anybody looking."""
    until = time.monotonic() + _WATCHED_S
    while time.monotonic() < until and (job := citewell.jobs.get(job_id)) is not None and job.is_open:
        time.sleep(_LOOK_AGAIN_S)

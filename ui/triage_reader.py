"""What reads tickets on the page: the model in use, loaded once and again when another one is promoted."""

import streamlit as st

from assistant.access import Principal
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError
from assistant.triage.desk import FILE, Desk, read_desk
from assistant.triage.model import TriageModel
from retrieval.evaluation.workbench import RememberingEmbedder
from ui.triage_state import TriageState
from ui.triage_ticket import Reader
from ui.visit import Visit


def current_reader(visit: Visit) -> Reader | None:
    """The reader of this moment; None where there is no embedding, without which nothing can be guessed."""
    citewell = visit.citewell
    if citewell.embedder is None:
        return None
    embedder = _remembering(str(citewell.home.path), citewell)
    number = citewell.teaching.number_in_use(visit.principal)
    loaded = None if number is None else _model(str(citewell.home.path), number, citewell, visit.principal)
    fits = loaded is not None and loaded.embedding == embedder.name
    return Reader(embedder, _desk(citewell), loaded if fits else None, number if fits else None)


@st.cache_resource(max_entries=2, show_spinner=False)
def _model(home: str, number: int, _citewell: Citewell, _principal: Principal) -> TriageModel:
    """A model of a home by its number, so that a promotion is seen by the next page that is drawn."""
    del home
    return _citewell.teaching.model(number, _principal)


@st.cache_resource(max_entries=1, show_spinner=False)
def _remembering(home: str, _citewell: Citewell) -> RememberingEmbedder:
    """The embedding, which remembers the tickets it has read."""
    del home
    assert _citewell.embedder is not None
    return RememberingEmbedder(_citewell.embedder, _citewell.home.cache / "embeddings.sqlite")


def _desk(citewell: Citewell) -> Desk:
    try:
        return read_desk(citewell.home.path / FILE)
    except AssistantError as error:
        TriageState().notice = error.hint
        return Desk()

"""What reads tickets on the page: the model in use, loaded once and again when another one is promoted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from assistant.access import Principal
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError
from assistant.triage.assessment import Pile
from assistant.triage.comparison import Comparison
from assistant.triage.desk import FILE, Desk, read_desk
from assistant.triage.model import TriageModel
from assistant.triage.queue import Wanted
from assistant.triage.values import LABEL_NAMES, LabelName
from retrieval.evaluation.workbench import RememberingEmbedder
from ui.triage_state import TriageState
from ui.visit import Visit

_LOOKED_AT = Wanted(is_looked_at=True)
_MOST_IN_PILE = 20_000


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads tickets: the model in use with its number, or what the desk says of itself."""

    embedder: RememberingEmbedder
    desk: Desk
    model: TriageModel | None
    number: int | None

    @property
    def labels(self) -> dict[LabelName, Sequence[str]]:
        """What may be chosen of each field."""
        if self.model is None:
            return {"category": tuple(self.desk.categories)}
        return {name: self.model.heads[name].labels for name in LABEL_NAMES if name in self.model.heads}


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


def current_pile(visit: Visit, reader: Reader) -> Pile:
    """The tickets among which duplicates are found: those whose embeddings are remembered, for a model has looked at
    them; before there is one, the first that came.
    """
    citewell = visit.citewell
    if reader.number is None:
        return Pile.of([each.ticket for each in citewell.queue.page(visit.principal)], reader.embedder)
    looked_at = citewell.queue.count(visit.principal, _LOOKED_AT)
    return _pile(str(citewell.home.path), looked_at, reader.embedder.name, citewell, visit.principal, reader)


def comparison(visit: Visit, number: int) -> Comparison | None:
    """A model beside the one in use. Raises RegistryFailed, NothingReads."""
    citewell = visit.citewell
    used = citewell.teaching.number_in_use(visit.principal)
    return _comparison(str(citewell.home.path), used, number, citewell, visit.principal)


@st.cache_resource(max_entries=1, show_spinner=False)
def _pile(
    home: str, looked_at: int, embedding: str, _citewell: Citewell, _principal: Principal, _reader: Reader
) -> Pile:
    del home, looked_at, embedding
    found = [each.ticket for each in _citewell.queue.page(_principal, _LOOKED_AT, limit=_MOST_IN_PILE)]
    vectors = _reader.embedder.remembered([ticket.words for ticket in found])
    known = [ticket for ticket in found if ticket.words in vectors]
    return Pile(tuple(known), np.stack([vectors[ticket.words] for ticket in known])) if known else Pile()


@st.cache_resource(max_entries=4, show_spinner=False)
def _comparison(
    home: str, used: int | None, number: int, _citewell: Citewell, _principal: Principal
) -> Comparison | None:
    del home, used
    return _citewell.teaching.compare(number, _principal)


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
        return read_desk(citewell.home.files / FILE)
    except AssistantError as error:
        TriageState().notice = error.hint
        return Desk()

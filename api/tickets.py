"""Tickets looked at with the model in use, which is read once and again when another one is promoted."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from api.call import Call
from api.problems import Problem
from api.shapes import TicketIn
from assistant.access import Principal, only_support
from assistant.bootstrap import Citewell
from assistant.triage.as_json import assessment_json
from assistant.triage.assessment import Assessor
from assistant.triage.desk import FILE, read_desk
from assistant.triage.model import TriageModel
from assistant.triage.values import Ticket

_NOTHING_READS = "Without the embedding nothing can be guessed; `citewell doctor` says what is missing."


class LoadedModel:
    """The model that was read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[int, TriageModel] | None = None

    def of(self, citewell: Citewell, principal: Principal) -> tuple[int | None, TriageModel | None]:
        """The model in use and its number, None before the first training; raises NotAllowed and RegistryFailed."""
        number = citewell.teaching.number_in_use(principal)
        if number is None:
            return None, None
        with self._lock:
            if self._known is None or self._known[0] != number:
                self._known = number, citewell.teaching.model(number, principal)
            return self._known


def assess(tickets: Sequence[TicketIn], call: Call) -> Mapping[str, Any]:
    """What is known of each ticket, for support staff alone."""
    citewell = call.citewell
    only_support(call.principal)
    if citewell.embedder is None:
        raise Problem(503, "unavailable", _NOTHING_READS)
    loaded: LoadedModel = call.request.app.state.triage
    number, model = loaded.of(citewell, call.principal)
    if model is not None and model.embedding != citewell.embedder.name:
        number = model = None
    assessor = Assessor(citewell.embedder, read_desk(citewell.home.files / FILE), model)
    told = [assessor.assess(Ticket(each.text, each.subject, each.id)) for each in tickets]
    return {"version": number, "tickets": [assessment_json(each) for each in told]}

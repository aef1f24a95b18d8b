"""The sample company's support desk: what it says of itself, its new tickets, and those it has resolved."""

import shutil

from assistant.access import LOCAL_USER
from assistant.bootstrap import EXAMPLES, Citewell
from assistant.triage.desk import FILE
from assistant.triage.tables import read_tickets
from assistant.triage.values import Ticket

_FOLDER = EXAMPLES / "tickets"


def bring_in_sample(citewell: Citewell) -> None:
    """Put its new tickets into the queue, and its description of itself where there is none yet."""
    if not _FOLDER.is_dir():  # Whoever installs Citewell may leave the examples out.
        return
    desk = citewell.home.files / FILE
    if not desk.exists():
        shutil.copyfile(_FOLDER / FILE, desk)
    new = read_tickets(_FOLDER / "new.csv")
    citewell.queue.bring_in(new.tickets, LOCAL_USER, source="new.csv")


def resolved_tickets() -> tuple[Ticket, ...]:
    """Those it has resolved; none where the examples were left out."""
    file = _FOLDER / "resolved.csv"
    return read_tickets(file, needs=("category",)).tickets if file.is_file() else ()

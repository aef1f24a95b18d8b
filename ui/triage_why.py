"""Why a label: how urgent the ticket is beside the words and the known tickets that speak for a label."""

from collections.abc import Iterator, Sequence

import streamlit as st

from assistant.triage.assessment import Assessment, Finding
from assistant.triage.explain import Reasons
from assistant.triage.model import TriageModel
from assistant.triage.queue import Queued
from assistant.triage.values import LABEL_NAMES, LabelName
from ui.charts import bars, plot
from ui.markdown import literal
from ui.triage_view import sure_words, title_of

_MOST_TICKETS = 3
_Reason = tuple[str, float, str]


def draw_why(queued: Queued, assessed: Assessment, model: TriageModel | None) -> None:
    """The severity and the reasons for one label, which may be chosen; nothing before anything was learned."""
    reasons = {name: list(_reasons(found.reasons, model)) for name, found in _told(assessed)} if model else {}
    names = [name for name in LABEL_NAMES if reasons.get(name)]
    if not names:
        return
    with st.container(key="triage_why"):
        st.subheader("Why", anchor=False)
        left, right = st.columns([1, 1.4], vertical_alignment="center")
        with left:
            _draw_severity(queued, assessed)
        with right:
            name = st.selectbox(
                "What speaks for its",
                names,
                key=f"why_{queued.id}",
                format_func=lambda each: literal(each.capitalize()),
            )
        _draw_reasons(name, assessed.findings[name], reasons[name])


def _told(assessed: Assessment) -> Iterator[tuple[LabelName, Finding]]:
    """What is guessed; no category where the ticket is out of scope."""
    for name, found in assessed.findings.items():
        if not (name == "category" and assessed.is_out_of_scope):
            yield name, found


def _draw_severity(queued: Queued, assessed: Assessment) -> None:
    found, decided = assessed.findings.get("severity"), queued.decided.get("severity")
    if decided:
        st.metric("Severity", literal(decided), delta="as decided", delta_color="off", delta_arrow="off")
    elif found:
        sure = sure_words(found.best.probability)
        st.metric("Severity", literal(found.best.label), delta=literal(sure), delta_color="off", delta_arrow="off")


def _reasons(reasons: Reasons, model: TriageModel) -> Iterator[_Reason]:
    """Words and tickets, each with how strong it is beside the strongest of its kind."""
    strongest = max((word.weight for word in reasons.words), default=1.0)
    for word in reasons.words:
        yield word.term, word.weight / strongest, "word"
    near = reasons.tickets[:_MOST_TICKETS]
    closest = max((each.cosine for each in near), default=1.0)
    for each in near:
        yield title_of(model.tickets[each.index]), each.cosine / closest, "ticket"


def _draw_reasons(name: LabelName, found: Finding, reasons: Sequence[_Reason]) -> None:
    words = sum(kind == "word" for _, _, kind in reasons)
    said = (
        f"What speaks for {found.best.label}: {words} of its words, and {len(reasons) - words} known tickets like it."
    )
    st.caption(literal(said))
    names, weights, kinds = zip(*reasons, strict=True)
    plot(bars(said, names, weights, shown=kinds), key=f"why_{name}")

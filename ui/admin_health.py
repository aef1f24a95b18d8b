"""The state of this installation: what `citewell doctor` says."""

import streamlit as st

from assistant.doctor import examine
from ui.markdown import literal
from ui.visit import Visit


def draw_health(visit: Visit) -> None:
    """Every finding; what is wrong comes first, with what to do."""
    with st.spinner("Looking"):
        findings = sorted(examine(visit.citewell.settings), key=lambda finding: finding.ok)
    for finding in findings:
        mark = "check" if finding.ok else "error"
        st.markdown(f":material/{literal(mark)}: **{literal(finding.name)}** {literal(finding.detail)}")
        if finding.remedy:
            st.caption(literal(finding.remedy))

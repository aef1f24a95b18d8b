"""axe-core over a page: what it finds serious or critical, but for what Streamlit's own markup brings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_WEIGHTY = {"serious", "critical"}
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    # Off by default, for it is new in WCAG 2.2.
    "rules": {"target-size": {"enabled": True}},
}


@dataclass(frozen=True, slots=True)
class Known:
    """What only Streamlit can mend: a rule, a part of the node's markup, and why we cannot reach it."""

    rule: str
    markup: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a node breaks."""

    rule: str
    node: str
    markup: str
    reason: str

    def is_known(self, known: Iterable[Known]) -> bool:
        """Whether the list of what we cannot mend has it."""
        return any(each.rule == self.rule and each.markup in self.markup for each in known)

    def __str__(self) -> str:
        return f"{self.rule}: {self.node}\n    {self.markup[:300]}\n    {self.reason}"


def findings(page: Page) -> tuple[Finding, ...]:
    """Everything serious or critical on the page as it stands."""
    return tuple(_findings(Axe().run(page, options=_RULES).response["violations"]))


def _findings(violations: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    for violation in violations:
        if violation["impact"] in _WEIGHTY:
            for node in violation["nodes"]:
                reasons = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
                yield Finding(violation["id"], str(node["target"]), node["html"], "; ".join(reasons))

"""How well the check tells sentences that their passage supports from those it does not."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from assistant.claim_sets import LabelledClaim
from assistant.verify import Check, check_sentence, prepare
from retrieval.evaluation.workbench import OnProgress, unseen

_PROGRESS_EVERY = 200


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim, what the check made of it, and how long that took once the passage was read in."""

    claim: LabelledClaim
    check: Check
    elapsed_ms: float

    @property
    def is_called_unsupported(self) -> bool:
        """Whether a reader would see it marked as not backed or as denied."""
        return self.check.support in {"unsupported", "contradicted"}


@dataclass(frozen=True, slots=True)
class CitationEvaluation:
    """Every claim with its verdict; the figures are drawn from them."""

    checked: tuple[CheckedClaim, ...]

    def figures(self) -> dict[str, Any]:
        """Counts, precision and recall of calling a sentence unsupported, shares by kind, milliseconds."""
        called = [each for each in self.checked if each.is_called_unsupported]
        false = [each for each in self.checked if not each.claim.supported]
        right = sum(not each.claim.supported for each in called)
        times = [each.elapsed_ms for each in self.checked]
        return {
            "precision": _share(right, len(called)),
            "recall": _share(right, len(false)),
            "claims": len(self.checked),
            "supported": len(self.checked) - len(false),
            "unsupported": len(false),
            "by_kind": self._by_kind(),
            "latency_ms": {f"p{p}": round(float(np.percentile(times, p)), 2) for p in (50, 95)},
        }

    def _by_kind(self) -> dict[str, dict[str, Any]]:
        kinds: dict[tuple[str, bool], list[bool]] = {}
        for each in self.checked:
            if each.claim.kind:
                kinds.setdefault((each.claim.kind, each.claim.supported), []).append(each.is_called_unsupported)
        shares: dict[str, dict[str, Any]] = {}
        for (kind, supported), called in sorted(kinds.items(), key=lambda item: (not item[0][1], item[0][0])):
            share = _share(sum(called), len(called))
            shares[_name(kind, supported, kinds)] = {"n": len(called), "flagged" if supported else "caught": share}
        return shares

    def per_claim(self) -> Iterator[dict[str, Any]]:
        """One JSON object per claim."""
        for each in self.checked:
            best = each.check.best
            yield {
                "sentence": each.claim.sentence,
                "passage": each.claim.passage,
                "supported": each.claim.supported,
                "kind": each.claim.kind or None,
                "support": each.check.support,
                "quote": each.claim.passage[best.start : best.end] if best else None,
                "differences": [asdict(difference) for difference in each.check.differences],
                "elapsed_ms": round(each.elapsed_ms, 3),
            }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _name(kind: str, supported: bool, kinds: Mapping[tuple[str, bool], object]) -> str:
    """A kind that both true and false claims bear is named with its side."""
    if (kind, not supported) not in kinds:
        return kind
    return f"{kind} ({'supported' if supported else 'unsupported'})"


def evaluate_citations(claims: Sequence[LabelledClaim], *, on_progress: OnProgress = unseen) -> CitationEvaluation:
    """Hold every claim against its passage."""
    checked = []
    for done, claim in enumerate(claims, 1):
        checked.append(_check(claim))
        if done % _PROGRESS_EVERY == 0 or done == len(claims):
            on_progress("claims checked", done, len(claims))
    return CitationEvaluation(tuple(checked))


def _check(claim: LabelledClaim) -> CheckedClaim:
    prepare([claim.passage])
    start = time.perf_counter()
    check = check_sentence(claim.sentence, [claim.passage])
    return CheckedClaim(claim, check, (time.perf_counter() - start) * 1000)

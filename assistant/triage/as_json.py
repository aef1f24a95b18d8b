"""What is known of a ticket, in JSON."""

from typing import Any

from assistant.triage.assessment import Assessment, Finding

_OTHERS = 3


def assessment_json(assessment: Assessment) -> dict[str, Any]:
    """A ticket with what is guessed of it and why; `similar` are known tickets."""
    return {
        "id": assessment.ticket.id,
        "findings": {name: _finding_json(finding) for name, finding in assessment.findings.items()},
        "is_out_of_scope": assessment.is_out_of_scope,
        "language": assessment.language,
        "mood": assessment.tone.mood,
        "missing": [fact.question for fact in assessment.missing],
        "needs_person": list(assessment.needs_person),
        "similar": [
            {
                "id": alike.ticket.id,
                "subject": alike.ticket.subject,
                "cosine": round(alike.cosine, 4),
                "resolution": alike.ticket.resolution,
            }
            for alike in assessment.similar
        ],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "label": finding.best.label,
        "probability": round(finding.best.probability, 4),
        "is_sure": finding.is_sure,
        "others": [
            {"label": guess.label, "probability": round(guess.probability, 4)}
            for guess in finding.guesses[1 : 1 + _OTHERS]
        ],
        "words": [word.term for word in finding.reasons.words],
    }

"""Sentences that say something was done. Citewell only answers: whoever reads that a ticket was opened relies on it."""

import re

NOTICE = "Citewell only answers: nothing was sent, changed, booked or opened."

_DONE = (
    r"(?:sent|e-?mailed|mailed|forwarded|submitted|filed|booked|reserved|scheduled|cancell?ed|created|opened|raised|logged"
    r"|registered|updated|changed|edited|adjusted|corrected|deleted|removed|added|reset|unlocked|activated|enabled|disabled"
    r"|approved|assigned|escalated|notified|informed|contacted|called|alerted|ordered|paid|refunded|transferred|requested"
    r"|processed|issued|entered|signed|set up|reached out|passed (?:it|this|that|your \w+) on|taken care of)"
)
_BY_US = re.compile(
    rf"\b(?:I|we)(?:\s+have|['\u2019]ve)?\s+(?:(?:just|now|already|also|successfully|gone ahead and|went ahead and)\s+)*{_DONE}\b"
    r"|\b(?:I|we)(?:['\u2019]ll|['\u2019]m| will| am| are|['\u2019]re)\s+(?:now\s+|just\s+)?"
    r"(?:send(?:ing)?|forward(?:ing)?|book(?:ing)?|open(?:ing)?|creat(?:e|ing)|submit(?:ting)?|updat(?:e|ing)|notify(?:ing)?"
    r"|inform(?:ing)?|contact(?:ing)?|escalat(?:e|ing)|reset(?:ting)?|cancel(?:l?ing)?|schedul(?:e|ing)|order(?:ing)?)\b",
    re.IGNORECASE,
)
_FOR_YOU = re.compile(
    r"\b(?:your|the|a|an)\s+(?:\w+\s+){0,2}?(?:ticket|request|booking|order|reservation|case|appointment|meeting|account|password"
    r"|refund|e-?mail|message|application|form|change|update|subscription|claim)\s+"
    rf"(?:has|have)\s+(?:just\s+|now\s+|already\s+|successfully\s+)*been\s+(?:successfully\s+)?{_DONE}\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|when|once|after|unless|until|as soon as|whether|before)\b[^.;]*\Z", re.IGNORECASE)


def claims_deed(sentence: str) -> bool:
    """Whether a sentence says that its writer did or will do something, or that it was done for the reader."""
    for rule in (_BY_US, _FOR_YOU):
        found = rule.search(sentence)
        if found and not _CONDITION.search(sentence[: found.start()]):
            return True
    return False

"""A model asked for its opinion on sentences that the rules leave undecided: other words, and nothing that differs.

Off unless CITEWELL_JUDGE is set. It is asked once the text is complete. Figures, dates, names and negations stay
with the rules: no opinion overrides a difference in them.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from assistant.deeds import claims_deed
from assistant.draft import Draft
from assistant.errors import ModelError
from assistant.events import CheckedSentence, SentenceChecked
from assistant.llm import ChatModel
from assistant.quantities import find_quantities
from assistant.short_call import ask_shortly
from prompts import JudgePrompt, new_mark
from retrieval.values import Passage

log = logging.getLogger(__name__)
JUDGE_S = 10.0
MOST_SENTENCES = 12
Opinion = Literal["supported", "partly", "unsupported"]
_REPLY_TOKENS = 400
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


class _Verdict(BaseModel, extra="forbid"):
    statement: int
    support: Opinion


class _Reply(BaseModel, extra="forbid"):
    verdicts: list[_Verdict]


SCHEMA: Mapping[str, Any] = _Reply.model_json_schema()


def is_undecided(sentence: CheckedSentence, passages: Sequence[Passage]) -> bool:
    """Whether only the wording stands between a sentence and its passages."""
    if sentence.support not in {"partly", "unsupported"} or not passages or claims_deed(sentence.text):
        return False
    differences = sentence.compared.differences if sentence.compared else ()
    return all(difference.kind == "wording" for difference in differences) and _states_all_figures(sentence, passages)


def judge(draft: Draft, model: ChatModel, *, cancelled: Callable[[], bool]) -> Iterator[SentenceChecked]:
    """Ask the model about the sentences that the rules leave undecided, unless it was asked twice already."""
    held = {index: draft.passages_of(sentence) for index, sentence in enumerate(draft.sentences)}
    undecided = [i for i, passages in held.items() if is_undecided(draft.sentences[i], passages)][:MOST_SENTENCES]
    if not undecided or draft.model_calls > 1:
        return
    passages = tuple(dict.fromkeys(passage for index in undecided for passage in held[index]))
    prompt = JudgePrompt([draft.sentences[index].text for index in undecided], passages, new_mark()).render()
    draft.model_calls += 1
    try:
        said = ask_shortly(
            model, prompt, max_tokens=_REPLY_TOKENS, timeout_s=JUDGE_S, cancelled=cancelled, schema=SCHEMA
        )
    except ModelError as error:
        log.info("no opinion: %s", error.hint)
        return
    draft.used(said.usage)
    for at, support in read_opinions(said.text or "", len(undecided)).items():
        yield draft.judged(undecided[at], support)


def read_opinions(text: str, count: int) -> dict[int, Opinion]:
    """The opinions in a reply by the index of their sentence; none where it is no such JSON."""
    found = _OBJECT.search(text)
    try:
        verdicts = _Reply.model_validate_json(found[0]).verdicts if found else []
    except ValidationError:
        return {}
    return {verdict.statement - 1: verdict.support for verdict in verdicts if 1 <= verdict.statement <= count}


def _states_all_figures(sentence: CheckedSentence, passages: Sequence[Passage]) -> bool:
    stated = [found.quantity for passage in passages for found in find_quantities(passage.text)]
    return all(
        any(found.quantity.is_backed_by(quantity) for quantity in stated) for found in find_quantities(sentence.text)
    )

"""A model's opinion on the answers of an evaluation: whether each says what people's answer says.

An opinion beside the measured figures, never one of them: another model may grade otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from assistant.evaluation import LabelledQuestion, Told
from assistant.llm import ChatModel
from assistant.short_call import ask_shortly
from prompts import GradePrompt, new_mark
from retrieval.evaluation.workbench import OnProgress, unseen

GRADE_S = 60.0
_REPLY_TOKENS = 40


class _Reply(BaseModel, extra="forbid"):
    right: bool


@dataclass(frozen=True, slots=True)
class Grades:
    """How many of the answerable questions with a known answer a model called answered rightly.

    A refusal is wrong without being asked about. `unclear` replies could not be read and count as wrong.
    """

    model: str
    questions: int
    right: float
    unclear: int


def grade_answers(
    pairs: Iterable[tuple[LabelledQuestion, Told]], model: ChatModel, *, on_progress: OnProgress = unseen
) -> Grades | None:
    """Ask the model about every answer to a question whose answer is known; None where none is. Raises ModelError."""
    known = [(question, told) for question, told in pairs if question.answerable and question.answers]
    verdicts: list[bool | None] = []
    for question, told in known:
        verdicts.append(_grade(question, told, model) if told.is_answered else False)
        on_progress("answers judged", len(verdicts), len(known))
    if not verdicts:
        return None
    return Grades(model.name, len(verdicts), verdicts.count(True) / len(verdicts), verdicts.count(None))


def _grade(question: LabelledQuestion, told: Told, model: ChatModel) -> bool | None:
    prompt = GradePrompt(question.text, question.answers, " ".join(told.sentences), new_mark()).render()
    said = ask_shortly(model, prompt, max_tokens=_REPLY_TOKENS, timeout_s=GRADE_S, schema=_Reply.model_json_schema())
    return read_grade(said.text or "")


def read_grade(text: str) -> bool | None:
    """What a reply says; None where it is no such JSON."""
    try:
        return _Reply.model_validate_json(text[text.find("{") : text.rfind("}") + 1]).right
    except ValidationError:
        return None

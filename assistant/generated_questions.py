"""Questions made of documents, to begin a set with: by the model where there is one, else of headings and sentences.

A model's question is taken only where the words that it gives as the answer stand in the passage. Without a model a
heading is asked about, and a figure is left out of a sentence and asked for. A person looks through them afterwards.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.errors import AssistantError, ModelError
from assistant.evaluation import LabelledQuestion
from assistant.llm import ChatModel
from assistant.quantities import find_quantities
from assistant.short_call import ask_shortly
from assistant.starters import questions_about
from prompts import QuestionsPrompt, new_mark
from retrieval.catalogue import Entry, Outline
from retrieval.plain import plain_text
from retrieval.sentences import sentence_spans
from retrieval.values import ParsedDocument, Passage, Scope, Source

KIND = "generated"
CALL_S = 60.0
_REPLY_TOKENS = 400
_SECTION_CHARS = (200, 2_000)
_SENTENCE_WORDS = (8, 30)
_MOST_OF_EACH = 20
_GAP = "…"
Cancelled = Callable[[], bool]
_T = TypeVar("_T")
_Read = tuple[Source, ParsedDocument, Entry]


class _Made(BaseModel):
    question: str
    answer: str


class _Reply(BaseModel):
    questions: list[_Made]


def questions_of(citewell: Citewell, scope: Scope, count: int, cancelled: Cancelled) -> Iterator[LabelledQuestion]:
    """At most so many, of all documents in turn. Raises AssistantError where a model was asked and never answers."""
    entries = citewell.catalogue.documents(scope)
    model = None if citewell.limits.is_budget_spent() else citewell.models.lineup.model
    read = ((*citewell.library.document(entry.id, scope), entry) for entry in entries if entry.id is not None)
    if model is None:
        made = _in_turn([tuple(islice(_without_model(each), _MOST_OF_EACH)) for each in read])
    else:
        passages = _in_turn([tuple(islice(_sections(*each[:2]), _MOST_OF_EACH)) for each in read])
        made = _by_model(passages, model, citewell, cancelled)
    for question in islice(made, count):
        if cancelled():
            return
        yield question


def _in_turn(each: Sequence[Sequence[_T]]) -> Iterator[_T]:
    """The first of every one, then the second."""
    return (one for one in chain.from_iterable(zip_longest(*each)) if one is not None)


def _without_model(read: _Read) -> Iterator[LabelledQuestion]:
    source, document, entry = read
    outline = Outline(source.collection, document.title, entry.language, document.sections)
    asked = (LabelledQuestion(text, True, kind=KIND, documents=(source.path,)) for text in questions_about(outline))
    return _in_turn([tuple(islice(asked, _MOST_OF_EACH)), tuple(islice(_gaps(source, document), _MOST_OF_EACH))])


def _gaps(source: Source, document: ParsedDocument) -> Iterator[LabelledQuestion]:
    """Sentences whose one figure was left out."""
    for section in document.sections:
        text = document.text[section.start : section.end]
        for start, end in sentence_spans(text):
            sentence = " ".join(plain_text(text[start:end], document.markup).split())
            figures = find_quantities(sentence)
            if len(figures) == 1 and _reads_alone(sentence):
                figure = sentence[figures[0].start : figures[0].reach].strip()
                asked = sentence[: figures[0].start] + _GAP + sentence[figures[0].reach :]
                question = f"Which figure stands in “{asked}” of “{document.title}”?"
                yield LabelledQuestion(question, True, (figure,), kind=KIND, documents=(source.path,))


def _reads_alone(sentence: str) -> bool:
    shortest, longest = _SENTENCE_WORDS
    is_whole = sentence[:1].isupper() and sentence.endswith(".") and "|" not in sentence
    return is_whole and shortest <= len(sentence.split()) <= longest


def _sections(source: Source, document: ParsedDocument) -> Iterator[Passage]:
    shortest, longest = _SECTION_CHARS
    for section in document.sections:
        if section.end - section.start >= shortest:
            end = min(section.end, section.start + longest)
            text = document.text[section.start : end]
            yield Passage(source, section.start, end, text, section.heading, None, 1.0)


def _by_model(
    passages: Iterator[Passage], model: ChatModel, citewell: Citewell, cancelled: Cancelled
) -> Iterator[LabelledQuestion]:
    """One failure is passed over; where the first call fails already, that is said."""
    has_answered = False
    for passage in passages:
        if cancelled():
            return
        prompt = QuestionsPrompt(passage, new_mark()).render()
        schema = _Reply.model_json_schema()
        try:
            said = ask_shortly(
                model, prompt, max_tokens=_REPLY_TOKENS, timeout_s=CALL_S, cancelled=cancelled, schema=schema
            )
        except ModelError as error:
            if not has_answered:
                raise AssistantError(f"The model made no question. {error.hint}") from error
            continue
        has_answered = True
        prices = citewell.models.lineup.usual_prices
        citewell.limits.spend(prices.priced(said.usage) if prices else said.usage, LOCAL_USER)
        yield from read_reply(said.text or "", passage)


def read_reply(text: str, passage: Passage) -> Iterator[LabelledQuestion]:
    """The questions of a reply whose answers stand in the passage; none where it is no such JSON."""
    try:
        reply = _Reply.model_validate_json(text[text.find("{") : text.rfind("}") + 1])
    except ValidationError:
        return
    said = plain_text(passage.text, passage.source.markup)
    for made in reply.questions:
        question, answer = " ".join(made.question.split()), " ".join(made.answer.split())
        if question.endswith("?") and answer and answer in " ".join(said.split()):
            yield LabelledQuestion(question, True, (answer,), kind=KIND, documents=(passage.source.path,))

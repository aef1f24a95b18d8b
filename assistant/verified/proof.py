"""The words of a verified answer held against the documents of its collection, sentence by sentence."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.citations import without_markers
from assistant.conversations import Work
from assistant.draft import Draft
from assistant.events import Answer, CheckedSentence, Comparison
from assistant.usage import Usage
from assistant.verified.values import VerificationRefused
from retrieval.errors import RetrievalError
from retrieval.retriever import CitewellRetriever
from retrieval.values import Passage, Scope

_SAID_CHARS = 160
_SEARCHED_CHARS = 1_500


def proven(
    question: str, text: str, *, scope: Scope, retriever: CitewellRetriever, known: Sequence[Passage] = ()
) -> Work:
    """A text with its proof: `known` passages and what the collection has for it. Raises VerificationRefused."""
    words = without_markers(text).strip()
    passages = list(known)
    for searched in (question, words[:_SEARCHED_CHARS]):
        try:
            found = retriever.find(searched, scope=scope).passages
        except RetrievalError as error:
            raise VerificationRefused(error.hint) from error
        passages += [passage for passage in found if not _is_among(passage, passages)]
    draft = Draft()
    draft.cite_from(passages)
    for step in (draft.feed(words), draft.finish()):
        for _ in step:
            pass
    return kept(Work(passages=tuple(passages), answer=draft.answer("answered")))


def kept(work: Work) -> Work:
    """What is kept of an answer once somebody vouches for it: its words and their proof.

    Raises VerificationRefused where a source says otherwise, or where it has no source.
    """
    answer = work.answer
    sentences = answer.sentences if answer else ()
    against = next((sentence for sentence in sentences if sentence.support == "contradicted"), None)
    if against is not None:
        raise VerificationRefused(_contradicted(against))
    if answer is None or answer.listed is not None or not answer.citations:
        raise VerificationRefused(
            "No statement of it is borne out by a document of this collection; use the documents' own words, "
            "or choose another collection."
        )
    bare = replace(
        answer, status="answered", usage=Usage(), timings_ms={}, evidence=None, notice=None, model_calls=0,
        prompt_version=None, verified=None,
    )  # fmt: skip
    return _without_unused(Work(passages=work.passages, answer=bare))


def _contradicted(sentence: CheckedSentence) -> str:
    said = sentence.text.strip()[:_SAID_CHARS]
    quote = sentence.compared.quote.strip()[:_SAID_CHARS] if sentence.compared else ""
    source = f" “{quote}”" if quote else ""
    return f"A source says otherwise than “{said}”:{source}. Change the words, then verify it."


def _is_among(passage: Passage, others: Sequence[Passage]) -> bool:
    return any(passage.source.id == other.source.id and passage.start == other.start for other in others)


def _without_unused(work: Work) -> Work:
    """Only passages that something rests on; what is in doubt may rest on any of them, and keeps all."""
    answer = work.answer
    assert answer is not None
    claims = [sentence for sentence in answer.sentences if sentence.support != "not_a_claim"]
    if any(sentence.support != "supported" for sentence in claims):
        return work
    used = _used(answer, work.passages)
    place = {old: new for new, old in enumerate(used, 1)}
    sentences = tuple(
        replace(sentence, compared=_at(sentence.compared, place), opposed=_at(sentence.opposed, place))
        for sentence in answer.sentences
    )
    passages = tuple(work.passages[n - 1] for n in used)
    return replace(work, passages=passages, answer=replace(answer, sentences=sentences))


def _used(answer: Answer, passages: Sequence[Passage]) -> list[int]:
    """The numbers of the passages that are cited or that a sentence was held against."""
    cited = {n for n, passage in enumerate(passages, 1) for one in answer.citations if one.passage == passage}
    places = [place for sentence in answer.sentences for place in (sentence.compared, sentence.opposed)]
    return sorted(cited | {place.passage for place in places if place is not None})


def _at(compared: Comparison | None, place: dict[int, int]) -> Comparison | None:
    return None if compared is None else replace(compared, passage=place[compared.passage])

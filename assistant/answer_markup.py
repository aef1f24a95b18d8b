"""An answer's text as a tree: its citations as chips, and its sentences told apart where one is in doubt."""

from collections.abc import Iterator

from assistant.events import Answer
from assistant.markup import Node, Sign, citation_signs, read_markup


def marked_answer(text: str, answer: Answer | None) -> tuple[Node, ...]:
    """The blocks of a text; `answer`, where there is one, is what was made of it."""
    numbers = [citation.n for citation in answer.citations] if answer else []
    signs = [*citation_signs(text, numbers), *_unwritten_citations(answer), *_sentence_ends(answer)]
    return read_markup(text, signs=signs) if text else ()


def _unwritten_citations(answer: Answer | None) -> Iterator[Sign]:
    """The sources of sentences that were supported without a number of their own."""
    for sentence in answer.sentences if answer else ():
        words = answer.text[sentence.start : sentence.end] if answer else ""
        written = {sign.name.rstrip("_") for sign in citation_signs(words, sentence.citations)}
        yield from (Sign(sentence.end, sentence.end, f"c{n}_") for n in sentence.citations if f"c{n}" not in written)


def _sentence_ends(answer: Answer | None) -> list[Sign]:
    """Only sentences in doubt need to be told apart, but each end bounds the next one."""
    if answer is None or all(s.support in {"supported", "not_a_claim"} for s in answer.sentences):
        return []
    return [Sign(sentence.end, sentence.end, f"s{i}") for i, sentence in enumerate(answer.sentences)]

"""Claims with a label, held against passages: read from files, made from documents, and written."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from assistant.perturb import false_forms, names_in, true_forms
from retrieval.errors import DatasetError
from retrieval.evaluation.datasets import Row, optional_text, read_corpus, read_jsonl, read_lines, required_text
from retrieval.plain import plain_text
from retrieval.sentences import sentence_spans
from retrieval.values import Markup

PASSAGE_CHARS = 800
"""As long as the passages that a search joins."""

_FEWEST_WORDS, _MOST_WORDS = 6, 60
_MARKUPS: dict[str, Markup] = {".md": "markdown", ".markdown": "markdown", ".txt": "plain"}
_PROSE = re.compile(r"[\"'“‘(]?[A-Z].*[^.?:]\s?[.!]\Z", re.DOTALL)
_NO_PROSE = re.compile(r"https?:|www\.|\||\{|\}|\bet al\b|\n\s*\n")


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A sentence and whether the passage says so; `kind` names the way it was made, where one is known."""

    sentence: str
    passage: str
    supported: bool
    kind: str = ""


@dataclass(frozen=True, slots=True)
class _Text:
    name: str
    text: str
    markup: Markup


def read_claims(file: Path) -> tuple[LabelledClaim, ...]:
    """Lines of `sentence`, `passage`, `supported` and perhaps `kind`; raises DatasetError naming the line."""
    claims = tuple(_claim(row, at) for at, row in read_jsonl(file))
    if not claims:
        raise DatasetError(f"{file} holds no claim.")
    return claims


def _claim(row: Row, at: str) -> LabelledClaim:
    if not isinstance(row.get("supported"), bool):
        raise DatasetError(f'{at}: "supported" is neither true nor false.')
    sentence, passage = required_text(row, "sentence", at), required_text(row, "passage", at)
    if not sentence.strip():
        raise DatasetError(f'{at}: "sentence" is empty.')
    return LabelledClaim(sentence, passage, row["supported"], optional_text(row, "kind", at).strip())


def make_claims(paths: Sequence[Path], *, seed: int = 0, sentences: int = 1000) -> Iterator[LabelledClaim]:
    """True and false claims made of that many sentences of the documents, the same for the same seed.

    A path is a file of text or Markdown, a corpus.jsonl, or a folder of such. Raises DatasetError where one
    cannot be read or none holds a usable sentence.
    """
    texts = [text for path in paths for text in _texts(path)]
    names = sorted({name for text in texts for name in names_in(text.text)})
    usable = [(text, start, end) for text in texts for start, end in _usable_spans(text)]
    if not usable:
        raise DatasetError(f"{', '.join(map(str, paths))}: no document holds a sentence to make claims of.")
    rng = Random(seed)  # noqa: S311 - a repeatable choice, no secret
    for text, start, end in rng.sample(usable, min(sentences, len(usable))):
        yield from _claims_of(text, start, end, names, Random(f"{seed} {text.name} {start}"))  # noqa: S311


def write_claims(claims: Iterable[LabelledClaim], file: Path) -> dict[str, int]:
    """Write one JSON line a claim; how many of each kind comes back. Raises DatasetError where that is not possible."""
    counts: Counter[str] = Counter()
    try:
        with file.open("w", encoding="utf-8") as lines:
            for claim in claims:
                lines.write(json.dumps(asdict(claim), ensure_ascii=False) + "\n")
                counts[claim.kind] += 1
    except OSError as error:
        raise DatasetError(f"{file} could not be written ({error.strerror}).") from error
    return dict(counts)


def _texts(path: Path) -> Iterator[_Text]:
    if (path / "corpus.jsonl").is_file():
        path = path / "corpus.jsonl"
    if path.suffix == ".jsonl":
        for name, document in read_corpus(path).items():
            yield _Text(f"{path.name} {name}", document.text, "plain")
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in _MARKUPS and file.is_file():
                yield _text_of(file, file.relative_to(path).as_posix())
    elif path.suffix.lower() in _MARKUPS:
        yield _text_of(path, path.name)
    else:
        raise DatasetError(f"{path}: neither a folder nor a file that ends in .jsonl, {', '.join(_MARKUPS)}.")


def _text_of(file: Path, name: str) -> _Text:
    return _Text(name, "".join(line for _, line in read_lines(file)), _MARKUPS[file.suffix.lower()])


def _usable_spans(text: _Text) -> Iterator[tuple[int, int]]:
    """Whole sentences of prose, of which something can be changed without looking strange."""
    for start, end in sentence_spans(text.text):
        words = text.text[start:end]
        if (
            _FEWEST_WORDS <= len(words.split()) <= _MOST_WORDS
            and len(words) < PASSAGE_CHARS
            and _PROSE.fullmatch(_readable(words, text.markup))
            and not _NO_PROSE.search(_readable(words, text.markup))
        ):
            yield start, end


def _claims_of(text: _Text, start: int, end: int, names: Sequence[str], rng: Random) -> Iterator[LabelledClaim]:
    passage = _passage_around(text.text, start, end, rng)
    sentence = _readable(text.text[start:end], text.markup)
    for form in true_forms(sentence, rng):
        yield LabelledClaim(form.text, passage, True, form.kind)
    near = names_in(passage) if rng.random() < 0.5 else ()
    for form in false_forms(sentence, near or rng.sample(names, min(20, len(names))), rng):
        if form.text not in passage:
            yield LabelledClaim(form.text, passage, False, form.kind)


def _readable(text: str, markup: Markup) -> str:
    return " ".join(plain_text(text, markup).split())


def _passage_around(text: str, start: int, end: int, rng: Random) -> str:
    """The sentence among its neighbours, at a place by chance, up to the length of a passage."""
    spans = [(a, b) for a, b in sentence_spans(text[max(0, start - PASSAGE_CHARS) : end + PASSAGE_CHARS])]
    spans = [(a + max(0, start - PASSAGE_CHARS), b + max(0, start - PASSAGE_CHARS)) for a, b in spans]
    before = [a for a, b in spans if b <= start]
    behind = [b for a, b in spans if a >= end]
    while before or behind:
        side = before if before and (not behind or rng.random() < 0.5) else behind
        edge = side.pop() if side is before else side.pop(0)
        first, last = min(start, edge), max(end, edge)
        if last - first > PASSAGE_CHARS:
            break
        start, end = first, last
    return text[start:end]

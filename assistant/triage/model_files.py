"""A model as files: its numbers as plain arrays (.npz, read without pickle), everything else as JSON.

Reading them runs nothing that they say: there is no serialised object in them. `_load_pyfunc` is what MLflow calls.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import AssistantError
from assistant.triage.classifier import Choice, Classifier
from assistant.triage.features import Vocabulary, WordCounts
from assistant.triage.model import TriageModel
from assistant.triage.scope import Scope
from assistant.triage.values import LABEL_NAMES, LabelName, Ticket

LOADER = __name__
_FORMAT = 1
_WORDS_FILE, _ARRAYS_FILE = "model.json", "arrays.npz"
_MOST_CHARS = 4_000
"""Kept of the text, the reply and the solution of a ticket."""
_HEAD_ARRAYS = ("landmarks", "meaning_weights", "word_weights", "known_labels", "places")
_Arrays = Mapping[str, NDArray[Any]]


class ModelFilesDamaged(AssistantError):
    """The files are not those of a model."""


def write_model(model: TriageModel, folder: Path) -> None:
    """Write the files into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {
        "format": _FORMAT,
        "embedding": model.embedding,
        "tickets": [shortened(ticket) for ticket in model.tickets],
        "words": model.counts.words.terms,
        "parts": model.counts.parts.terms,
        "heads": {name: _head_words(head) for name, head in model.heads.items()},
    }
    (folder / _WORDS_FILE).write_text(json.dumps(words, ensure_ascii=True), "utf-8")
    arrays: dict[str, NDArray[Any]] = {
        "vectors": model.vectors,
        "words": model.counts.words.weights,
        "parts": model.counts.parts.weights,
    }
    for name, head in model.heads.items():
        arrays |= {f"{name}/{array}": getattr(head, array) for array in _HEAD_ARRAYS}
    np.savez(folder / _ARRAYS_FILE, **arrays)  # type: ignore[arg-type]  # no name is `allow_pickle`


def read_model(folder: Path) -> TriageModel:
    """The model in a folder. Raises ModelFilesDamaged where the files are absent, cut short or of another format."""
    try:
        words = json.loads((folder / _WORDS_FILE).read_text("utf-8"))
        if words["format"] != _FORMAT:
            raise ValueError(f"format {words['format']}")
        with np.load(folder / _ARRAYS_FILE, allow_pickle=False) as stored:
            arrays = dict(stored)
        counts = WordCounts(
            Vocabulary(tuple(words["words"]), arrays["words"]), Vocabulary(tuple(words["parts"]), arrays["parts"])
        )
        named = [name for name in LABEL_NAMES if name in words["heads"]]
        heads = {name: _head(words["heads"][name], name, counts, arrays) for name in named}
        tickets = tuple(Ticket(**ticket) for ticket in words["tickets"])
        return TriageModel(str(words["embedding"]), counts, heads, tickets, arrays["vectors"])
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise ModelFilesDamaged(
            f"The triage model in {folder.name} cannot be read ({type(error).__name__}); train it again."
        ) from error


def shortened(ticket: Ticket) -> dict[str, Any]:
    """A ticket as it is stored: what is long is cut."""
    kept = asdict(ticket)
    return kept | {name: kept[name][:_MOST_CHARS] for name in ("text", "reply", "resolution")}


def _head_words(head: Classifier) -> dict[str, Any]:
    return {
        "labels": head.labels,
        "choice": asdict(head.choice),
        "scope": asdict(head.scope),
    }


def _head(words: Mapping[str, Any], name: LabelName, counts: WordCounts, arrays: _Arrays) -> Classifier:
    own = {array: arrays[f"{name}/{array}"] for array in _HEAD_ARRAYS}
    scope = words["scope"]
    return Classifier(
        labels=tuple(words["labels"]),
        counts=counts,
        landmarks=own["landmarks"],
        meaning_weights=own["meaning_weights"],
        word_weights=own["word_weights"],
        known=arrays["vectors"][own["places"]],
        known_labels=own["known_labels"],
        places=own["places"],
        choice=Choice(**words["choice"]),
        scope=Scope(tuple(scope["cosine"]), tuple(scope["recognition"]), scope["line"]),
    )


class _Served:
    """A model as MLflow serves it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model = read_model(folder)

    def get_raw_model(self) -> TriageModel:
        """What Citewell itself works with."""
        return self._model

    def predict(self, tickets: Any, params: object = None) -> list[dict[str, Any]]:  # noqa: ARG002 - MLflow's signature
        """The likeliest labels of a table of tickets with a column `text`, with how sure they are."""
        from retrieval.embedding import LOCAL, load_embedder

        texts = [str(text) for text in tickets["text"]]
        embedder = load_embedder(LOCAL, self._folder)
        if embedder.name != self._model.embedding:
            raise ModelFilesDamaged("The model was trained with another embedding; use it from Citewell.")
        judged = self._model.judge(texts, embedder.embed_documents(texts))
        return [{name: asdict(verdict.best) for name, verdict in verdicts.items()} for verdicts in judged]


def _load_pyfunc(path: str) -> _Served:
    return _Served(Path(path))

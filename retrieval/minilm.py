"""all-MiniLM-L6-v2 on ONNX Runtime: text in, vectors of length 1 out, with no PyTorch.

Its graph is built once from the verified weights and kept in the caller's directory; that copy is only a
cache: when it is missing or damaged it is built again.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.cores import usable_cores
from retrieval.errors import EmbeddingError
from retrieval.ledger import Ledger, write_atomically
from retrieval.minilm_graph import DIMENSION, GRAPH_VERSION, MAX_TOKENS, build_graph
from retrieval.weights import Weights, find_weights, verify_weights

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

NAME = "all-MiniLM-L6-v2"

_SPECIAL_TOKENS = 2
_END_TOKEN = 102
_BATCH_TOKENS = 1024
"""Padded tokens in a batch: the largest that stays in the processor's cache, fastest of 160 to 10,240."""
_FIRST_LOOK_CHARS = 4096
_LONGEST_WORD_CHARS = 200
_MAX_THREADS = 8


class MiniLM:
    """The local embedding model. Safe to share between threads.

    Raises WeightsError where the weights are absent or not the published ones.
    """

    name = NAME
    dimension = DIMENSION
    limit_tokens = MAX_TOKENS - _SPECIAL_TOKENS
    """Word pieces of a text that are read; the rest of a longer text is ignored."""

    def __init__(self, cache_dir: Path, *, threads: int | None = None) -> None:
        from tokenizers import Tokenizer

        weights = find_weights()
        ledger = Ledger(cache_dir / f"{NAME}.json")
        verify_weights(weights, ledger)
        self._tokenizer = Tokenizer.from_file(str(weights.tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        sessions = _Sessions(cache_dir, weights, ledger, threads or _default_threads())
        self._exact, self._rounded = sessions.load(eight_bits=False), sessions.load(eight_bits=True)
        # Begun with the model, it keeps every core and leaves the pages' own to the interpreter (see `one_core`).
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="embedding")
        self._beside.submit(str)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 per text, in the order given: (n, 384)."""
        rows = [self._ids(text) for text in texts]
        vectors = np.empty((len(rows), DIMENSION), np.float32)
        for batch in _batches([len(row) for row in rows]):
            vectors[batch] = _run(self._exact, [rows[at] for at in batch])
        return vectors

    def embed_quickly(self, text: str) -> NDArray[np.float32]:
        """One vector of length 1, by weights of eight bits: in half the time, with a cosine of .998 to `embed`'s."""
        (vector,) = self._beside.submit(_run, self._rounded, [self._ids(text)]).result()
        return np.asarray(vector)

    def token_count(self, text: str) -> int:
        """How many word pieces the whole text has, beyond `limit_tokens` too."""
        return len(self._encode(text)) - _SPECIAL_TOKENS

    def _ids(self, text: str) -> list[int]:
        ids = self._encode(text[: self._needed_chars(text)])
        return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], _END_TOKEN]

    def _needed_chars(self, text: str) -> int:
        """A length of text that surely holds every word piece read: megabytes need not be tokenised."""
        taken = _FIRST_LOOK_CHARS
        while taken < len(text):
            offsets = self._tokenizer.encode(_encodable(text[:taken])).offsets
            if len(offsets) > MAX_TOKENS and offsets[MAX_TOKENS - 1][1] + _LONGEST_WORD_CHARS < taken:
                return taken
            taken *= 4
        return len(text)

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(_encodable(text)).ids)


def _run(session: "InferenceSession", rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    try:
        (vectors,) = session.run(None, {"ids": ids, "mask": mask})
    except Exception as error:  # ONNX Runtime's own classes have no common base
        raise EmbeddingError("The local embedding failed; there may be too little memory, try again.") from error
    return np.asarray(vectors, np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions grouped by similar length, longest first, so that little padding is computed."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Loads the graphs, each from its cached file."""

    cache_dir: Path
    weights: Weights
    ledger: Ledger
    threads: int

    def load(self, *, eight_bits: bool) -> "InferenceSession":
        """The session on the cached graph, which is built first where it is missing or damaged."""
        graph_file = self.cache_dir / f"{NAME}.v{GRAPH_VERSION}{'.8bit' if eight_bits else ''}.onnx"
        # A question is one short run. More threads that wait for it by spinning save 1.4 of 5.5 ms, and take 29 ms of
        # the processor for it instead of 5: where many ask, everybody would wait.
        open_session = partial(_session, threads=1 if eight_bits else self.threads)
        if self.ledger.is_intact(graph_file):
            with suppress(Exception):  # whatever is wrong with a cache, it is built again
                return open_session(graph_file)
        graph = build_graph(self.weights.tensors, eight_bits=eight_bits)
        if not write_atomically(graph_file, graph):
            return open_session(graph)
        self.ledger.record(graph_file)
        return open_session(graph_file)


def _session(graph: Path | bytes, *, threads: int) -> "InferenceSession":
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # It would tell Microsoft about its use; read when it is imported.
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = graph if isinstance(graph, bytes) else str(graph)
    return InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _default_threads() -> int:
    return min(usable_cores(), _MAX_THREADS)


def _encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which no encoding can carry, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")

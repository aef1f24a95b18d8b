"""Reads files into a collection: parse beside, chunk, embed in batches, store, index.

Every file seen ends in exactly one of added, updated, unchanged or failed.
"""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from retrieval.chunk_reader import Vector
from retrieval.chunking import chunk_document
from retrieval.context import indexed_text, titled
from retrieval.embedding import Embedder
from retrieval.errors import ParseCancelled, ParseError, ParserDied
from retrieval.indexes import Indexes
from retrieval.language import language_of
from retrieval.library import Failure, FileFacts, Library, NewDocument
from retrieval.listing import ListedFile, list_files
from retrieval.originals import Originals, sha256_of
from retrieval.parsing import format_named
from retrieval.sandbox import Sandbox
from retrieval.sync import SyncPlan, plan_sync
from retrieval.tokens import count_tokens
from retrieval.values import Chunk, ParsedDocument

_FIRST_BATCH_CHUNKS = 1
_BATCH_CHUNKS = 384
"""The more are sorted by length together, the less padding is computed: 3 % of the tokens at 128, 1 % from 384 on."""
_BATCH_FILES = 256
_PARSED_AHEAD = 64
_MOST_DEATHS = 2
_LOOK_AGAIN_S = 0.2
_NEVER = threading.Event()


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that was not read in, and why, as one sentence."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """What became of the files; `chunks` counts those of added and updated documents, `moved` some of the updated."""

    added: int
    updated: int
    unchanged: int
    removed: int
    chunks: int
    failed: tuple[FailedFile, ...]
    seconds: float
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an intake has come; `path` is the document finished last."""

    done: int
    total: int
    path: str


@dataclass(frozen=True, slots=True)
class _Parsed:
    name: str
    file: FileFacts
    parsed: ParsedDocument
    chunks: tuple[Chunk, ...]
    texts: tuple[tuple[str, str], ...]
    """The hash and the words of what is embedded: its title, then each chunk."""
    language: str | None


@dataclass(frozen=True, slots=True)
class _Unchanged:
    name: str


@dataclass(frozen=True, slots=True)
class _Failed:
    failure: Failure
    is_new: bool


_Outcome = _Parsed | _Unchanged | _Failed
OnProgress = Callable[[Progress], None]


class Intake:
    """Reads documents into collections. Several at once only in different collections."""

    def __init__(
        self, library: Library, indexes: Indexes, embedder: Embedder | None, originals: Originals | None = None
    ) -> None:
        self._library = library
        self._indexes = indexes
        self._embedder = embedder
        self._originals = originals

    def read_paths(
        self,
        paths: Sequence[Path],
        *,
        collection: str,
        retry: bool = False,
        on_progress: OnProgress = lambda _: None,
        stopping: threading.Event = _NEVER,
    ) -> IntakeReport:
        """Read files and whole folders into a collection, made if it is new."""
        files = tuple(list_files(paths))
        if all(file.problem for file in files):
            failed = tuple(FailedFile(file.name, file.problem or "") for file in files)
            return IntakeReport(0, 0, 0, 0, 0, failed, 0.0)
        collection_id = self._library.create_collection(collection).id
        return self.read_files(collection_id, files, retry=retry, on_progress=on_progress, stopping=stopping)

    def read_files(
        self,
        collection_id: str,
        files: Sequence[ListedFile],
        *,
        retry: bool = False,
        again: bool = False,
        on_progress: OnProgress = lambda _: None,
        stopping: threading.Event = _NEVER,
    ) -> IntakeReport:
        """Read files into a collection.

        What failed before and has not changed is tried again only with `retry`, what was read in only with `again`
        (which means both). Once `stopping` is set it ends
        with the batch under way; the report then counts fewer files than were given.
        """
        started = time.perf_counter()
        if files:
            self.embed_missing(collection_id, stopping)
        known = self._library.files(collection_id)
        tally = _Tally(known.keys(), len(files), on_progress)
        with Sandbox() as sandbox:
            failures = {} if retry or again else self._library.failures(collection_id)
            reader = _Reader({} if again else known, failures, sandbox, self._originals)
            with closing(_ahead(reader.outcomes(files), stopping, sandbox.cancel)) as outcomes:
                self._store(collection_id, outcomes, tally)
        self._indexes.adapt(collection_id)
        return tally.report(time.perf_counter() - started)

    def sync(
        self,
        collection_id: str,
        plan: SyncPlan,
        *,
        retry: bool = False,
        on_progress: OnProgress = lambda _: None,
        stopping: threading.Event = _NEVER,
    ) -> IntakeReport:
        """Bring a collection in step with the folder it follows, as planned."""
        started = time.perf_counter()
        self._library.relocate(collection_id, [(old, file.name, facts) for old, file, facts in plan.moved])
        self._library.confirm(collection_id, plan.confirmed)
        self._library.remove_paths(collection_id, (*plan.removed, *plan.forgotten))
        files = (*plan.added, *plan.changed, *plan.failed)
        if plan.removed and not files:
            self._indexes.catch_up(collection_id)
        report = self.read_files(collection_id, files, retry=retry, on_progress=on_progress, stopping=stopping)
        return replace(
            report,
            updated=report.updated + len(plan.moved),
            unchanged=report.unchanged + plan.unchanged,
            removed=len(plan.removed),
            moved=len(plan.moved),
            seconds=round(time.perf_counter() - started, 3),
        )

    def plan(self, collection_id: str | None, folder: Path) -> SyncPlan:
        """What a sync with a folder would do to a collection, or to a new one; raises SyncRefused where it is harm."""
        if collection_id is None:
            return plan_sync(folder, documents={}, failures={})
        documents, failures = self._library.files(collection_id), self._library.failures(collection_id)
        return plan_sync(folder, documents=documents, failures=failures)

    def add_parsed(self, collection_id: str, documents: Iterable[tuple[str, ParsedDocument]]) -> IntakeReport:
        """Store documents that are already parsed, given as (path, document)."""
        started = time.perf_counter()
        tally = _Tally((), 0, lambda _: None)
        outcomes = (
            _prepare(ListedFile(path, Path(path)), FileFacts("", parsed.format), parsed) for path, parsed in documents
        )
        self._store(collection_id, outcomes, tally)
        return tally.report(time.perf_counter() - started)

    def embed_missing(self, collection_id: str, stopping: threading.Event = _NEVER) -> int:
        """Embed what was stored without this model's embedding; returns how many documents that were."""
        if self._embedder is None:
            return 0
        lacking = self._library.documents_without(collection_id, self._embedder.name)
        for document_id in lacking:
            if stopping.is_set():
                return 0
            rows = tuple(self._library.indexed_chunks([document_id]))
            if not rows:  # It was removed meanwhile.
                continue
            name = titled(rows[0].words.title, f"document {document_id}")
            title, *vectors = self._embedder.embed_documents([name.embedded, *(row.words.embedded for row in rows)])
            by_id = {row.id: vector for row, vector in zip(rows, vectors, strict=True)}
            self._library.store_embeddings(document_id, by_id, title, self._embedder.name)
        if lacking:
            self._indexes.rebuild(collection_id, legs=("dense",))
        return len(lacking)

    def _store(self, collection_id: str, outcomes: Iterable[_Outcome], tally: "_Tally") -> None:
        """Embed each batch while the one before is stored and indexed."""
        with ThreadPoolExecutor(1, "storing") as storing:
            pending: Future[None] | None = None
            for batch in _batched(outcomes):
                documents = tuple(self._embedded([outcome for outcome in batch if isinstance(outcome, _Parsed)]))
                if pending is not None:
                    pending.result()
                pending = storing.submit(self._store_batch, collection_id, batch, documents, tally)
            if pending is not None:
                pending.result()

    def _store_batch(
        self, collection_id: str, batch: Sequence[_Outcome], documents: Sequence[NewDocument], tally: "_Tally"
    ) -> None:
        failures = [outcome.failure for outcome in batch if isinstance(outcome, _Failed) and outcome.is_new]
        self._library.record_failures(collection_id, failures)
        ready = iter(documents)
        for outcome in batch:
            if isinstance(outcome, _Parsed):
                self._library.add(collection_id, next(ready))
            tally.count(outcome)
        self._indexes.catch_up(collection_id)

    def _embedded(self, documents: Sequence[_Parsed]) -> Iterator[NewDocument]:
        vectors = iter(self._vectors([text for document in documents for text in document.texts]))
        for document in documents:
            title = next(vectors, None)
            rows = [next(vectors) for _ in document.chunks] if self._embedder else []
            yield NewDocument(
                document.name,
                document.file,
                document.parsed,
                document.chunks,
                np.stack(rows) if rows else None,
                self._embedder.name if self._embedder else None,
                document.language,
                title,
            )

    def _vectors(self, texts: Sequence[tuple[str, str]]) -> list[Vector]:
        """The embeddings of (hash, text) pairs; what is stored already, or stands here twice, is not computed."""
        if self._embedder is None or not texts:
            return []
        known = self._library.embeddings_of([key for key, _ in texts], self._embedder.name)
        new = {key: text for key, text in texts if key not in known}
        computed = zip(new, self._embedder.embed_documents(list(new.values())), strict=True)
        known |= dict(computed)
        return [known[key] for key, _ in texts]


class _Reader:
    """Turns listed files into outcomes, parsing in the sandbox."""

    def __init__(
        self,
        known: dict[str, FileFacts],
        failures: dict[str, Failure],
        sandbox: Sandbox,
        originals: Originals | None,
    ) -> None:
        self._known = known
        self._failures = failures
        self._sandbox = sandbox
        self._originals = originals

    def outcomes(self, files: Iterable[ListedFile]) -> Iterator[_Outcome]:
        """One outcome for each file, in order; it ends early where reading was cancelled."""
        for file in files:
            try:
                yield self._outcome(file)
            except ParseCancelled:
                return

    def _outcome(self, file: ListedFile) -> _Outcome:
        if file.problem:
            return _failed(file, "", file.problem, is_new=False)
        try:
            sha256 = sha256_of(file.path)
        except OSError as error:
            reason = f"The file could not be opened ({error.strerror}); check its permissions."
            return _failed(file, "", reason, is_new=False)
        if file.name in self._known and self._known[file.name].sha256 == sha256:
            return _Unchanged(file.name)
        before = self._failures.get(file.name)
        deaths = before.deaths if before is not None and before.file.sha256 == sha256 else 0
        if before is not None and before.file.sha256 == sha256 and deaths in {0, _MOST_DEATHS}:
            return _Failed(before, is_new=False)
        return self._parse(file, sha256, deaths)

    def _parse(self, file: ListedFile, sha256: str, deaths: int) -> _Outcome:
        """Read it. A file that ended its reader is tried once more by the next run, then set aside."""
        try:
            parsed = self._sandbox.parse(file.path, name=file.name)
        except ParserDied as error:
            return _failed(file, sha256, error.hint, deaths=deaths + 1)
        except ParseError as error:
            return _failed(file, sha256, error.hint)
        if self._originals is not None:
            self._originals.keep(file.path, sha256)
        return _prepare(file, _facts(file, sha256, parsed.format), parsed)


class _Tally:
    """Counts outcomes as they become final."""

    def __init__(self, known: Iterable[str], total: int, on_progress: OnProgress) -> None:
        self._known = frozenset(known)
        self._total = total
        self._on_progress = on_progress
        self._added = self._updated = self._unchanged = self._chunks = self._done = 0
        self._failed: list[FailedFile] = []

    def count(self, outcome: _Outcome) -> None:
        name = outcome.failure.path if isinstance(outcome, _Failed) else outcome.name
        match outcome:
            case _Parsed():
                self._chunks += len(outcome.chunks)
                if outcome.name in self._known:
                    self._updated += 1
                else:
                    self._added += 1
            case _Unchanged():
                self._unchanged += 1
            case _Failed():
                self._failed.append(FailedFile(outcome.failure.path, outcome.failure.reason))
        self._done += 1
        self._on_progress(Progress(self._done, self._total, name))

    def report(self, seconds: float) -> IntakeReport:
        return IntakeReport(
            self._added,
            self._updated,
            self._unchanged,
            0,
            self._chunks,
            tuple(sorted(self._failed, key=lambda failed: failed.path)),
            round(seconds, 3),
        )


def _prepare(file: ListedFile, facts: FileFacts, parsed: ParsedDocument) -> _Outcome:
    chunks = chunk_document(parsed, count_tokens=count_tokens)
    if not chunks:
        return _failed(file, facts.sha256, "The file has no text; check that it is the right one.")
    texts = tuple(_embedded_texts(file.name, parsed, chunks))  # Here, beside the embedding of the files before.
    return _Parsed(file.name, facts, parsed, chunks, texts, language_of(parsed.text))


def _failed(file: ListedFile, sha256: str, reason: str, *, is_new: bool = True, deaths: int = 0) -> _Failed:
    return _Failed(Failure(file.name, _facts(file, sha256, format_named(file.name)), reason, deaths), is_new)


def _facts(file: ListedFile, sha256: str, kind: str) -> FileFacts:
    return FileFacts(sha256, kind, file.bytes, file.modified_ns, file.folder)


def _embedded_texts(name: str, parsed: ParsedDocument, chunks: Iterable[Chunk]) -> Iterator[tuple[str, str]]:
    title = titled(parsed.title, name)
    yield title.sha256, title.embedded
    for chunk in chunks:
        words = indexed_text(chunk.text, title=parsed.title, heading=chunk.heading, markup=parsed.markup)
        yield words.sha256, words.embedded


def _batched(outcomes: Iterable[_Outcome]) -> Iterator[list[_Outcome]]:
    """Batches of about as many chunks as embed well together; the first is small, to be of use soon.

    Files that need no embedding come in batches of their own size, so that progress is seen.
    """
    batch: list[_Outcome] = []
    size, full = 0, _FIRST_BATCH_CHUNKS
    for outcome in outcomes:
        batch.append(outcome)
        size += len(outcome.chunks) if isinstance(outcome, _Parsed) else 0
        if size >= full or len(batch) == _BATCH_FILES:
            yield batch
            batch, size, full = [], 0, min(_BATCH_CHUNKS, 4 * full + 8)
    if batch:
        yield batch


def _ahead(
    outcomes: Iterator[_Outcome], stopping: threading.Event, cancel: Callable[[], None]
) -> Generator[_Outcome, None, None]:
    """The same outcomes until `stopping` is set, produced by a thread of their own a little ahead of their taker.

    `cancel` ends what the thread is doing when the outcomes are no longer wanted.
    """
    waiting: queue.Queue[_Outcome | BaseException | None] = queue.Queue(_PARSED_AHEAD)
    abandoned = threading.Event()

    def put(item: _Outcome | BaseException | None) -> bool:
        while not abandoned.is_set():
            try:
                waiting.put(item, timeout=_LOOK_AGAIN_S)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for outcome in outcomes:
                if not put(outcome):
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that takes the outcomes
            put(error)

    producer = threading.Thread(target=produce, name="parsing", daemon=True)
    producer.start()
    try:
        while not stopping.is_set():
            try:
                item = waiting.get(timeout=_LOOK_AGAIN_S)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        abandoned.set()
        if producer.is_alive():
            cancel()
        producer.join()

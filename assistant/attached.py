"""Files that belong to one conversation: read in like any others, seen and searched there alone, gone with it.

They are kept in a private collection (`retrieval/private.py`). Jobs of their own read and remove them, so that a file
attached to a question does not wait for a folder of ten thousand.
"""

import time
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.access import Principal
from assistant.conversations import Conversations
from assistant.errors import AttachmentRefused
from assistant.events import FilesAwaited
from assistant.job_table import Job, JobTable
from assistant.limits import Limits
from retrieval.catalogue import Catalogue, Entry
from retrieval.library import Library
from retrieval.listing import distinct, uploaded_name
from retrieval.originals import Originals

READ, REMOVE, FORGET = "read_attached", "remove_attached", "forget_attached"
"""The kinds of job."""
MOST_FILES = 20
"""So many files one conversation may have."""
_LOOK_AGAIN_S = 0.1
_LOST = "It could not be read; attach it again."

FileState = Literal["reading", "read", "failed"]


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of a conversation; `reason` says why it was not read in. Only one that was has a `document_id`."""

    name: str
    state: FileState
    document_id: int | None = None
    pages: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AttachedFiles:
    """Takes files into a conversation and out of it. Whoever names a conversation also says who they are."""

    library: Library
    catalogue: Catalogue
    originals: Originals
    conversations: Conversations
    jobs: JobTable
    limits: Limits | None = None

    def attach(
        self, conversation_id: str, principal: Principal, uploads: Iterable[tuple[str, bytes]]
    ) -> tuple[str, ...]:
        """Keep files, given as (name, content), and have them read in; returns the names they are known by.

        One of a name that is there already takes its place. Raises ConversationNotFound, AttachmentRefused,
        UploadTooLarge or LimitReached, and then none is kept.
        """
        self.conversations.leaf(conversation_id, principal)  # Raises where the conversation is not theirs.
        given = tuple(uploads)
        there = {file.name for file in self.files(conversation_id, principal)}
        _check_count(len(there | {uploaded_name(name) for name, _ in given}))
        if self.limits is not None:
            self.limits.take_uploads(principal, [(name, len(data)) for name, data in given])
        try:
            kept = [(name, self.originals.keep_data(data)) for name, data in given]
        except OSError as error:
            raise AttachmentRefused(
                f"The file could not be stored ({error.strerror}); make room and attach it again."
            ) from error
        collection_id = self.library.create_private(conversation_id, principal.key)
        named = tuple(distinct(kept))
        for upload in named:
            self.jobs.add(READ, {"collection_id": collection_id, "uploads": [list(upload)]}, owner=principal.key)
        return tuple(name for name, _ in named)

    def files(self, conversation_id: str, principal: Principal) -> tuple[AttachedFile, ...]:
        """The files of a conversation in the order in which they came; of another's, none."""
        collection_id = self._collection(conversation_id, principal)
        if collection_id is None:
            return ()
        jobs = self._last_jobs(collection_id)  # First: what ends between the two looks is then in the catalogue.
        # Of a file that failed to be read once more, the document stands: it comes last.
        entries = sorted(self.catalogue.page(frozenset({collection_id})).entries, key=lambda entry: entry.id or 0)
        stored = {entry.path: entry for entry in entries}
        files = (_file(name, job, stored.get(name)) for name, job in jobs.items())
        return tuple(file for file in files if file is not None)

    def remove(self, conversation_id: str, principal: Principal, name: str) -> None:
        """Take a file out of a conversation for good. What answers quoted of it stays in them, but not in exports."""
        collection_id = self._collection(conversation_id, principal)
        if collection_id is None:
            return
        self._cancel(collection_id, name)
        self.library.remove_paths(collection_id, [name])  # At once; the job follows for indexes and originals.
        self.jobs.add(REMOVE, {"collection_id": collection_id, "paths": [name]}, owner=principal.key)

    def awaited(
        self,
        conversation_id: str,
        principal: Principal,
        *,
        new: Sequence[str] = (),
        cancelled: Callable[[], bool],
    ) -> Generator[FilesAwaited, None, str | None]:
        """Wait until no file of the conversation is being read; returns why one of these, or a `new` one, could not be."""
        names, told = set(new), tuple[str, ...]()
        while (reading := self._reading(conversation_id, principal)) and not cancelled():
            if reading != told:
                yield FilesAwaited(reading)
            told = reading
            names.update(reading)
            time.sleep(_LOOK_AGAIN_S)
        if not names:
            return None
        failed = (
            file for file in self.files(conversation_id, principal) if file.state == "failed" and file.name in names
        )
        return next((file.reason for file in failed), None)

    def forget(self, conversation_ids: Collection[str]) -> None:
        """Remove the files of these conversations for good, from the database, the indexes and the originals."""
        private = self.library.private_by_conversation()
        self._forget([private[one] for one in conversation_ids if one in private])

    def forget_all_of(self, principal: Principal) -> None:
        """Remove the files of all conversations of a person."""
        self._forget(sorted(self.library.private(principal.key)))

    def sweep(self) -> None:
        """Remove the files of conversations that are gone, or in which nothing was ever asked."""
        known = frozenset(self.library.private_by_conversation())
        self.forget(known - self.conversations.in_use(known))

    def _forget(self, collection_ids: Sequence[str]) -> None:
        for collection_id in collection_ids:
            self._cancel(collection_id)
        if collection_ids:
            self.jobs.add(FORGET, {"collection_ids": list(collection_ids)}, owner="")

    def _collection(self, conversation_id: str, principal: Principal) -> str | None:
        return next(iter(self.library.private(principal.key, conversation_id=conversation_id)), None)

    def _last_jobs(self, collection_id: str) -> dict[str, Job]:
        """The job that reads or read each file, by name; without those that were taken out again."""
        last: dict[str, Job] = {}
        for job in self.jobs.of_collection(collection_id):
            if job.kind == REMOVE:
                for name in job.work["paths"]:
                    last.pop(name, None)
            else:
                last |= {name: job for name, _ in job.work.get("uploads", ())}
        return last

    def _reading(self, conversation_id: str, principal: Principal) -> tuple[str, ...]:
        collection_id = self._collection(conversation_id, principal)
        jobs = self._last_jobs(collection_id) if collection_id else {}
        return tuple(name for name, job in jobs.items() if job.is_open)

    def _cancel(self, collection_id: str, name: str | None = None) -> None:
        """Give up what is being read of a collection, or a single file of it."""
        for reading, job in self._last_jobs(collection_id).items():
            if job.is_open and name in {None, reading}:
                self.jobs.cancel(job.id)


def _check_count(count: int) -> None:
    if count > MOST_FILES:
        raise AttachmentRefused(f"A chat can have {MOST_FILES} files of its own; remove one, or add them to Documents.")


def _file(name: str, job: Job, entry: Entry | None) -> AttachedFile | None:
    if job.is_open:
        return None if job.cancelled else AttachedFile(name, "reading")
    if entry is not None and entry.id is not None:
        return AttachedFile(name, "read", entry.id, entry.pages)
    if job.cancelled:
        return None
    reason = entry.reason if entry is not None else job.problem
    return AttachedFile(name, "failed", reason=reason or _LOST)

"""What a person changes about collections and their documents. Each function asks first whether they may.

Somebody else's collection looks as if it were not there; whatever takes long becomes a job of the worker.
"""

import threading
from collections.abc import Collection as Some
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from assistant.access import Principal, editable_by, editable_collection, only_admin, only_editor
from assistant.errors import JobNotFound
from assistant.groups import Grant, grant
from assistant.job_table import Job, JobTable
from retrieval.catalogue import Catalogue
from retrieval.errors import CollectionRefused, UnknownCollection
from retrieval.intake import Intake
from retrieval.library import Collection, Library
from retrieval.listing import distinct
from retrieval.sync import SyncPlan

_TAKEN = "There is a collection of this name already; choose another name."


@dataclass(frozen=True, slots=True)
class Holdings:
    """Collections and documents as whoever may change them does it. `wake` makes the worker look at once."""

    engine: Engine
    library: Library
    catalogue: Catalogue
    intake: Intake
    jobs: JobTable
    wake: threading.Event

    # Collections.

    def create(self, name: str, principal: Principal, *, description: str = "") -> Collection:
        """A new collection, which its maker may change and nobody else sees yet but administrators.

        Raises NotAllowed, and CollectionRefused where the name is none or taken.
        """
        only_editor(principal)
        if any(collection.name == " ".join(name.split()) for collection in self.library.collections()):
            raise CollectionRefused(_TAKEN)
        collection = self.library.create_collection(name)
        self.library.change_collection(collection.id, description=description)
        if principal.person_id is not None:
            with self.engine.begin() as connection:
                grant(connection, collection.id, (Grant(None, principal.person_id, may_edit=True),))
        return collection

    def change(self, collection_id: str, principal: Principal, **given: str) -> None:
        """Change name, description or contact; raises UnknownCollection, and CollectionRefused for a name."""
        editable_collection(principal, self.library, collection_id)
        self.library.change_collection(
            collection_id,
            name=given.get("name"),
            description=given.get("description"),
            contact=given.get("contact"),
        )

    def delete(self, collection_id: str, principal: Principal) -> None:
        """Delete a collection with everything in it; raises UnknownCollection."""
        editable_collection(principal, self.library, collection_id)
        self._start("delete_collection", {"collection_id": collection_id}, principal)

    # Folders of the machine: what lies there is an administrator's to show.

    def plan(self, collection_id: str, folder: Path, principal: Principal) -> SyncPlan:
        """What following a folder would change, without changing it; raises NotAllowed."""
        only_admin(principal)
        return self.intake.plan(editable_collection(principal, self.library, collection_id).id, folder)

    def follow(self, collection_id: str, folder: Path, principal: Principal, *, watched: bool) -> None:
        """Follow a folder from now on; raises NotAllowed."""
        only_admin(principal)
        editable_collection(principal, self.library, collection_id)
        self.library.change_collection(collection_id, folder=str(folder), watched=watched)
        self.sync(collection_id, principal)

    def unfollow(self, collection_id: str, principal: Principal) -> None:
        """Follow no folder any more; raises NotAllowed."""
        only_admin(principal)
        self.library.unfollow(editable_collection(principal, self.library, collection_id).id)

    def sync(self, collection_id: str, principal: Principal) -> None:
        """Bring a collection in step with the folder that it follows; raises UnknownCollection."""
        collection = editable_collection(principal, self.library, collection_id)
        if collection.folder:
            self._start("sync", sync_work(collection), principal)

    # Documents.

    def read_uploads(self, collection_id: str, uploads: Iterable[tuple[str, str]], principal: Principal) -> int:
        """Read files, given as (name, SHA-256 of the kept file); returns the job's id. Raises UnknownCollection."""
        editable_collection(principal, self.library, collection_id)
        work = {"collection_id": collection_id, "uploads": [list(upload) for upload in distinct(list(uploads))]}
        return self._start("read_uploads", work, principal)

    def read_again(self, collection_id: str, paths: Sequence[str], principal: Principal) -> None:
        """Read the files at these paths anew; raises UnknownCollection."""
        editable_collection(principal, self.library, collection_id)
        self._start("read_again", {"collection_id": collection_id, "paths": list(paths)}, principal)

    def delete_documents(self, ids: Iterable[int], failures: Iterable[tuple[str, str]], principal: Principal) -> int:
        """Delete documents, and files that were not read in, given as (collection id, path); returns the job's id.

        Raises UnknownCollection where one of them is in a collection that this person may not change.
        """
        editable = editable_by(principal, self.library)
        wanted, unread = list(ids), list(failures)
        is_theirs = self.catalogue.readable(wanted, editable) == frozenset(wanted)
        if not is_theirs or any(collection_id not in editable for collection_id, _ in unread):
            raise UnknownCollection("Some of these files are not here any more; choose again.")
        return self._start("delete_documents", {"ids": wanted, "failures": [list(one) for one in unread]}, principal)

    # The work of the worker, as far as it is theirs to see.

    def open_jobs(self, kinds: Some[str], principal: Principal) -> tuple[Job, ...]:
        """Jobs that wait or run: all of them for an administrator and in the demo, else one's own."""
        return tuple(job for job in self.jobs.open(kinds) if _sees(principal, job))

    def last_job(self, kinds: Some[str], principal: Principal) -> Job | None:
        """The job that ended last, of those that this person sees."""
        owner = None if principal.reads_all else principal.key
        return next(iter(self.jobs.ended(kinds, limit=1, owner=owner)), None)

    def cancel(self, job_id: int, principal: Principal) -> None:
        """End a job; nothing happens where it is not theirs to end."""
        job = self.jobs.get(job_id)
        if job is not None and (principal.is_admin or job.owner == principal.key):
            self.jobs.cancel(job_id)

    def job(self, job_id: int, principal: Principal) -> Job:
        """A job that this person has begun; raises JobNotFound."""
        job = self.jobs.get(job_id)
        if job is None or job.owner != principal.key:
            raise JobNotFound
        return job

    def _start(self, kind: str, work: Mapping[str, Any], principal: Principal) -> int:
        job_id = self.jobs.add(kind, work, owner=principal.key)
        self.wake.set()
        return job_id


def sync_work(collection: Collection) -> dict[str, Any]:
    """The work of a job that brings a collection in step with its folder."""
    return {"collection": collection.name, "folder": collection.folder, "collection_id": collection.id}


def _sees(principal: Principal, job: Job) -> bool:
    return principal.reads_all or job.owner == principal.key

"""What has to be done to bring a collection in step with a folder. Plans only; the intake carries it out.

A file is known by size and time; one whose size or time differ is known by its hash.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from retrieval.errors import SyncRefused
from retrieval.library import Failure, FileFacts
from retrieval.listing import ListedFile, list_files
from retrieval.originals import sha256_of

_ROOT = "."
"""How a listing names the folder itself."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a sync will do. `confirmed` documents only get what is newly known of their file."""

    added: tuple[ListedFile, ...] = ()
    changed: tuple[ListedFile, ...] = ()
    moved: tuple[tuple[str, ListedFile, FileFacts], ...] = ()
    """(path until now, file as it is now, facts)."""
    removed: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    """Paths of files that could not be read before and are gone."""
    failed: tuple[ListedFile, ...] = ()
    """Files that could not be read before, or cannot be opened now; listed again with their reasons."""
    confirmed: tuple[tuple[str, FileFacts], ...] = ()
    unchanged: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the collection is in step already."""
        return not (self.added or self.changed or self.moved or self.removed or self.forgotten)


def plan_sync(folder: Path, *, documents: Mapping[str, FileFacts], failures: Mapping[str, Failure]) -> SyncPlan:
    """Compare a folder with what is known of its files, by path.

    Raises SyncRefused where the folder is gone, empty or closed to us: that is a lost drive more often than a wish
    to delete. Of a folder in it that cannot be opened, nothing counts as gone.
    """
    root = str(folder)
    ours = {path: facts for path, facts in documents.items() if facts.folder == root}
    if not folder.is_dir():
        raise SyncRefused(f"The folder {folder} is not there; nothing was removed. Connect it, or stop following it.")
    files = {file.name: replace(file, folder=root) for file in list_files([folder])}
    if _ROOT in files:
        raise SyncRefused(f"The folder {folder} cannot be opened; nothing was removed. Check its permissions.")
    if ours and not files:
        raise SyncRefused(f"The folder {folder} is empty; nothing was removed. Delete the documents if that is meant.")
    removed = gone_from(files, ours)
    plan = _compared(files, documents, failures)
    moved = tuple(_moves(plan.added, {path: ours[path] for path in removed}))
    old, new = {path for path, _, _ in moved}, {file.name for _, file, _ in moved}
    return replace(
        plan,
        added=tuple(file for file in plan.added if file.name not in new),
        moved=moved,
        removed=tuple(path for path in removed if path not in old),
        forgotten=gone_from(files, [path for path, failure in failures.items() if failure.file.folder == root]),
    )


def gone_from(files: Mapping[str, ListedFile], known: Iterable[str]) -> tuple[str, ...]:
    """The known paths that are no files any more, but for those in folders that could not be opened."""
    closed = tuple(f"{file.name}/" for file in files.values() if file.is_folder)
    return tuple(path for path in known if path not in files and not path.startswith(closed))


def _compared(
    files: Mapping[str, ListedFile], documents: Mapping[str, FileFacts], failures: Mapping[str, Failure]
) -> SyncPlan:
    added: list[ListedFile] = []
    changed: list[ListedFile] = []
    failed: list[ListedFile] = []
    confirmed: list[tuple[str, FileFacts]] = []
    unchanged = 0
    for name, file in files.items():
        known = documents.get(name)
        before = failures[name].file if name in failures else None
        if file.problem or (before is not None and _looks_like(file, before)):
            failed.append(file)
        elif known is None:
            (changed if before is not None else added).append(file)
        elif _looks_like(file, known):
            unchanged += 1
        elif facts := _same_content(file, known):
            unchanged += 1
            confirmed.append((name, facts))
        else:
            changed.append(file)
    return SyncPlan(tuple(added), tuple(changed), failed=tuple(failed), confirmed=tuple(confirmed), unchanged=unchanged)


def _looks_like(file: ListedFile, known: FileFacts) -> bool:
    return (file.bytes, file.modified_ns, file.folder) == (known.bytes, known.modified_ns, known.folder) and (
        file.modified_ns is not None
    )


def _same_content(file: ListedFile, known: FileFacts) -> FileFacts | None:
    """The facts of a file that was touched but holds what it held; None where it holds something else."""
    if file.bytes != known.bytes or _hash(file) != known.sha256:
        return None
    return replace(known, modified_ns=file.modified_ns, folder=file.folder)


def _moves(added: tuple[ListedFile, ...], gone: Mapping[str, FileFacts]) -> Iterator[tuple[str, ListedFile, FileFacts]]:
    """New files that hold what a file now gone held, under the same file name: only their folder changed.

    A file with a new name is read anew, for its name may be its title.
    """
    sizes = {facts.bytes for facts in gone.values()}
    left = dict(gone)
    for file in added:
        if file.bytes not in sizes:
            continue
        sha256 = _hash(file)
        old = next(
            (path for path, facts in left.items() if facts.sha256 == sha256 and _base(path) == _base(file.name)), None
        )
        if old is not None:
            yield old, file, replace(left.pop(old), modified_ns=file.modified_ns)


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _hash(file: ListedFile) -> str:
    """Its content's hash; empty where it cannot be opened, which reading it will then say."""
    try:
        return sha256_of(file.path)
    except OSError:
        return ""

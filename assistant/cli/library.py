"""`citewell ingest`, `sync`, `documents`, `collections` and `jobs`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.access import LOCAL_USER, scope_of
from assistant.as_json import collection_json, document_json, entry_json, job_json
from assistant.audit import Action
from assistant.cli.filtering import From, ReadFrom, ReadTo, Title, To, Types, filters_from
from assistant.cli.output import (
    SOME_FAILED,
    CollectionName,
    HomeDir,
    Json,
    counted,
    database,
    perform,
    print_json,
    print_text,
    record,
)
from assistant.errors import AssistantError
from assistant.handover import is_worked_on
from assistant.job_table import JobTable
from assistant.narrowed import filters_json
from assistant.operations import READING_IN
from assistant.settings import Settings
from retrieval.catalogue import Catalogue
from retrieval.library import Library

DEFAULT_COLLECTION = "Documents"
_MOST_DIGITS = 18
"""SQLite's integers have 64 bits."""
_SHOWN_CHANGES = 20
_JOBS_LISTED = 20
documents = typer.Typer(help="List, show and delete documents.", no_args_is_help=True)
collections = typer.Typer(help="List, make, rename, describe and delete collections.", no_args_is_help=True)
jobs = typer.Typer(help="See what is being read in, and stop it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The collection's name.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, and folders with all below them.")],
    collection: Annotated[str, typer.Option("--collection", help="Made if it is new.")] = DEFAULT_COLLECTION,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what failed before and has not changed.")] = False,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Read documents into a collection."""
    work = {"paths": [str(path.absolute()) for path in paths], "collection": collection, "retry": retry}
    report = perform("ingest", work, home)
    if as_json:
        print_json(report)
    else:
        _print_report(report, f"in “{collection}” ")
    if report["failed"]:
        raise typer.Exit(SOME_FAILED)


def sync(
    folder: Annotated[Path | None, typer.Argument(metavar="[FOLDER]", help="The folder to follow.")] = None,
    collection: Annotated[str | None, typer.Option("--collection", help="Made if new; else as the folder.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would happen.")] = False,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Bring a collection in step with a folder; without FOLDER, every collection that follows one."""
    path = None if folder is None else str(folder.absolute())
    result = perform("sync", {"folder": path, "collection": collection, "dry_run": dry_run}, home)
    if as_json:
        print_json(result)
    else:
        _print_sync(result)
    if result["failed"]:
        raise typer.Exit(SOME_FAILED)


@documents.command("list")
def list_documents(
    collection: CollectionName = None,
    types: Types = None,
    first: From = None,
    last: To = None,
    title: Title = None,
    read_from: ReadFrom = None,
    read_to: ReadTo = None,
    mentions: Annotated[str | None, typer.Option("--mentions", help="Only with all these words in them.")] = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """The documents, by path."""
    filters = filters_from(types, first, last, title, read_from=read_from, read_to=read_to)
    if mentions is not None:
        work = {"mentions": mentions, "collection": collection, "filters": filters_json(filters)}
        rows = perform("list_documents", work, home)["documents"]
    else:
        with database(home) as engine:
            scope = scope_of(LOCAL_USER, Library(engine), collection=collection)
            rows = [entry_json(entry) for entry in Catalogue(engine).documents(scope, filters)]
    if as_json:
        print_json({"documents": rows})
        return
    for row in rows:
        passages = counted(row["chunks"], "passage")
        print_text(f"{row['id']:>6}  {row['collection']}  {row['document']}  ({passages})  {row['title']}")


@documents.command("show")
def show(
    document: Annotated[str, typer.Argument(metavar="ID", help="The document's number, or its path.")],
    collection: CollectionName = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """The text of a document as Citewell sees it, and how it was cut."""
    with database(home) as engine:
        library = Library(engine)
        scope = scope_of(LOCAL_USER, library, collection=collection)
        source, parsed = library.document(_number_of(document, library, collection), scope)
        told = document_json(source, parsed, [chunk for _, chunk in library.chunks_of(source.id)])
    if as_json:
        print_json(told)
    else:
        print_text(parsed.text)


@documents.command("delete")
def delete_documents(
    which: Annotated[list[str], typer.Argument(metavar="ID…", help="The documents' numbers, or their paths.")],
    collection: CollectionName = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Delete documents. The files they were read from stay where they are."""
    with database(home) as engine:
        library = Library(engine)
        scope = scope_of(LOCAL_USER, library, collection=collection)
        ids = [library.document(_number_of(one, library, collection), scope)[0].id for one in which]
    result = perform("delete_documents", {"ids": ids}, home)
    if as_json:
        print_json(result)
    else:
        print_text(f"{result['deleted']} deleted.")


@collections.command("list")
def list_collections(as_json: Json = False, home: HomeDir = None) -> None:
    """The collections, by name."""
    with database(home) as engine:
        library = Library(engine)
        rows = [collection_json(c, library.document_count(frozenset({c.id}))) for c in library.collections()]
    if as_json:
        print_json({"collections": rows})
        return
    for row in rows:
        verb = "watches" if row["watched"] else "follows"
        follows = f"  {verb} {row['folder']}" if row["folder"] else ""
        print_text(f"{row['documents']:>6} documents  {row['collection']}{follows}  {row['description']}".rstrip())


@collections.command("create")
def create_collection(
    name: Name,
    description: Annotated[str, typer.Option("--description", help="What is in it, in a sentence.")] = "",
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Make an empty collection."""
    with database(home) as engine:
        library = Library(engine)
        collection = library.create_collection(name)
        if description:
            library.change_collection(collection.id, description=description)
        record(engine, Action.COLLECTION_CREATED, collection.name)
        row = collection_json(library.collection(collection.id), 0)
    if as_json:
        print_json(row)
    else:
        print_text(f"“{row['collection']}” is there.")


@collections.command("rename")
def rename_collection(
    name: Name,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Give a collection another name."""
    _change(name, as_json, home, new_name=new_name)


@collections.command("describe")
def describe_collection(
    name: Name,
    description: Annotated[str, typer.Argument(help="What is in it, in a sentence.")],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Say what is in a collection."""
    _change(name, as_json, home, description=description)


@collections.command("edit")
def edit_collection(
    name: Name,
    contact: Annotated[
        str, typer.Option("--contact", help="Whom to ask where the documents do not say: a name, an address or a link.")
    ],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Say whom to ask about what a collection does not hold; an empty contact takes it away."""
    _change(name, as_json, home, contact=contact)


@collections.command("watch")
def watch_collection(
    name: Name,
    off: Annotated[bool, typer.Option("--off", help="Look no more.")] = False,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Let the running app look at the folder that a collection follows, and bring it in step by itself."""
    with database(home) as engine:
        if not off and Library(engine).collection_named(name).folder is None:
            raise AssistantError(f"“{name}” follows no folder; first: citewell sync FOLDER --collection “{name}”.")
    _change(name, as_json, home, watched=not off)


@collections.command("delete")
def delete_collection(name: Name, yes: Yes = False, as_json: Json = False, home: HomeDir = None) -> None:
    """Delete a collection with everything in it. The files it was read from stay where they are."""
    with database(home) as engine:
        library = Library(engine)
        collection = library.collection_named(name)
        count = library.document_count(frozenset({collection.id}))
    if not yes and not typer.confirm(f"Delete “{name}” with its {count} documents?", err=True):
        raise typer.Exit(1)
    result = perform("delete_collection", {"collection_id": collection.id}, home)
    if as_json:
        print_json(result)
    else:
        print_text(f"“{name}” is deleted, with {result['deleted']} documents.")


@jobs.command("list")
def list_jobs(as_json: Json = False, home: HomeDir = None) -> None:
    """What waits, what runs and what ended last."""
    with database(home) as engine:
        table = JobTable(engine)
        rows = [*table.open(), *table.ended(READING_IN, limit=_JOBS_LISTED)]
        is_taken = is_worked_on(Settings.read(home=home), engine)
    if not is_taken:
        rows = [replace(job, state="waiting") if job.state == "running" else job for job in rows]
    if as_json:
        print_json({"jobs": [job_json(job) for job in rows]})
        return
    for job in rows:
        print_text(
            f"{job.id:>6}  {job.state:<9}  {job.kind}  {job.done} of {job.total}  {job.problem or job.current}".rstrip()
        )


@jobs.command("cancel")
def cancel_job(
    number: Annotated[int, typer.Argument(metavar="ID", help="The job's number.")],
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """End a job. What it has read in stays."""
    with database(home) as engine:
        table = JobTable(engine)
        if (job := table.get(number)) is None or not job.is_open:
            raise AssistantError(f"Job {number} neither waits nor runs; see: citewell jobs list.")
        table.cancel(number)
    if as_json:
        print_json({"cancelled": number})
    else:
        print_text(f"Job {number} is asked to end.")


def _change(name: str, as_json: bool, home: Path | None, *, new_name: str | None = None, **values: Any) -> None:
    with database(home) as engine:
        library = Library(engine)
        collection = library.collection_named(name)
        library.change_collection(collection.id, name=new_name, **values)
        changed = values if new_name is None else {**values, "name": new_name}
        record(engine, Action.COLLECTION_CHANGED, name, changed=changed)
        row = collection_json(library.collection(collection.id), library.document_count(frozenset({collection.id})))
    if as_json:
        print_json(row)
    else:
        watched = ", and the app looks at its folder by itself" if row["watched"] else ""
        print_text(f"“{row['collection']}” is changed{watched}.")


def _number_of(document: str, library: Library, collection: str | None) -> int:
    """The number of a document given by number or path; a longer number cannot be one, and may be a file's name."""
    if document.isdecimal() and len(document) <= _MOST_DIGITS:
        return int(document)
    return library.document_at(document, scope_of(LOCAL_USER, library, collection=collection))


def _print_sync(result: dict[str, Any]) -> None:
    for kind, rows in result["changes"].items():
        for row in rows[:_SHOWN_CHANGES]:
            print_text(f"{kind}: {row if isinstance(row, str) else ' → '.join((row['from'], row['to']))}")
        if len(rows) > _SHOWN_CHANGES:
            print_text(f"{kind}: … and {len(rows) - _SHOWN_CHANGES} more")
    if result["dry_run"]:
        print_text(f"Nothing was changed. {result['unchanged']} of these files are in step already.")
    else:
        _print_report(result, f"and {result['removed']} removed ")


def _print_report(report: dict[str, Any], where: str) -> None:
    print_text(
        f"{report['added']} added, {report['updated']} updated, {report['unchanged']} unchanged {where}"
        f"({counted(report['chunks'], 'passage')}, {report['seconds']:.1f} s)."
    )
    for failed in report["failed"]:
        print_text(f"Not read: {failed['path']}: {failed['reason']}")

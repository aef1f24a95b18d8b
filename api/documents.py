"""`/documents` and `/jobs`: what the caller may read, and files as the page takes them in."""

from collections.abc import Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import shapes
from api.call import Call, ReadCall, WriteCall
from api.problems import Problem
from assistant.access import editable_by, scope_of
from assistant.as_json import document_json, entry_json, job_json
from retrieval.catalogue import Wanted
from retrieval.errors import HomeFull
from retrieval.filters import Filters, format_called
from retrieval.listing import uploaded_name

router = APIRouter(tags=["Documents"])
DocumentId = Annotated[int, Path(ge=1, le=2**63 - 1)]
JobId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Name = Annotated[str, Query(min_length=1, max_length=300, description="The file's name, with its ending.")]
CollectionName = Annotated[str, Query(min_length=1, max_length=200)]
"""One that the caller may change."""
_IN_MEMORY = 1 << 20
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The file itself; its kind is found by its content and its name."""
_NO_NAME = "The request is not as it should be: query.name: it is no file's name."


@router.get("/documents", response_model=shapes.Documents)
async def list_documents(
    call: ReadCall,
    collection: Annotated[str | None, Query(max_length=200)] = None,
    types: Annotated[list[str] | None, Query(alias="type", max_length=20)] = None,
    title: Annotated[str, Query(max_length=400)] = "",
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """The documents that the caller may read, by path."""
    filters = Filters(frozenset(map(format_called, types or ())), title)

    def listed() -> Mapping[str, Any]:
        scope = scope_of(call.principal, call.citewell.library, collection=collection)
        page = call.citewell.catalogue.page(scope, Wanted(filters, status="read"), offset=offset, limit=limit)
        return {"documents": [entry_json(entry) for entry in page.entries], "total": page.total}

    return JSONResponse(await call.work.do(listed))


@router.get("/documents/{document_id}", response_model=shapes.Document)
async def show_document(document_id: DocumentId, call: ReadCall) -> Response:
    """One document with its text and the pieces as which it is searched."""
    return JSONResponse(await call.work.do(lambda: _shown(document_id, call)))


@router.post("/documents", response_model=shapes.Job, status_code=202, openapi_extra=_BODY)
async def add_document(call: WriteCall, collection: CollectionName, name: Name, request: Request) -> Response:
    """Read a file in; what became of it is told by the job that this returns."""
    limits, named = call.citewell.limits, uploaded_name(name)
    if not named.strip():
        raise Problem(422, "invalid", _NO_NAME)
    collection_id = await call.work.do(lambda: _editable(collection, call))
    await call.work.do(lambda: limits.take_uploads(call.principal, [(named, _announced(request))]))
    with SpooledTemporaryFile(_IN_MEMORY, dir=str(call.citewell.home.cache)) as file:
        await _receive(request, file)
        return await call.work.do(lambda: _taken_in(file, named, collection_id, call))


@router.delete("/documents/{document_id}", response_model=shapes.Job, status_code=202)
async def delete_document(document_id: DocumentId, call: WriteCall) -> Response:
    """Delete a document; a job does it."""

    def delete() -> int:
        scope = editable_by(call.principal, call.citewell.library)
        entry = call.citewell.catalogue.entry(document_id, scope)
        assert entry.id is not None
        return call.citewell.holdings.delete_documents([entry.id], [], call.principal)

    return _accepted(await call.work.do(delete), call)


@router.get("/jobs/{job_id}", response_model=shapes.Job)
async def show_job(job_id: JobId, call: WriteCall) -> Response:
    """How far work of the caller's is, and what came of it."""
    return JSONResponse(await call.work.do(lambda: job_json(call.citewell.holdings.job(job_id, call.principal))))


async def _receive(request: Request, file: IO[bytes]) -> None:
    """Write the body down as it comes: it ends where the door says that it is too large."""
    received = 0
    async for part in request.stream():
        received += len(part)
        if received > _IN_MEMORY:
            await to_thread.run_sync(file.write, part)
        else:
            file.write(part)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    return int(length) if length.isdigit() else 0


def _editable(name: str, call: Call) -> str:
    """The collection of that name; what the caller may not change looks as if it were not there."""
    library = call.citewell.library
    return library.collection_named(name, editable_by(call.principal, library)).id


def _taken_in(file: IO[bytes], name: str, collection_id: str, call: Call) -> Response:
    """Keep the file, then queue it, as the page does."""
    try:
        sha256 = call.citewell.originals.keep_file(file)
    except OSError as error:
        raise HomeFull(f"The file could not be stored ({error.strerror}); make room and send it again.") from error
    return _accepted(call.citewell.holdings.read_uploads(collection_id, [(name, sha256)], call.principal), call)


def _accepted(job_id: int, call: Call) -> Response:
    told = job_json(call.citewell.holdings.job(job_id, call.principal))
    place = f"{call.request.scope['root_path']}/jobs/{job_id}"
    return JSONResponse(told, status_code=202, headers={"Location": place})


def _shown(document_id: int, call: Call) -> Mapping[str, Any]:
    library = call.citewell.library
    source, parsed = library.document(document_id, scope_of(call.principal, library))
    return document_json(source, parsed, [chunk for _, chunk in library.chunks_of(source.id)])

"""`POST /search`, `POST /check` and `POST /triage`: nothing is kept of them."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import shapes
from api.call import Call, CheckCall, SearchCall, TriageCall
from api.tickets import assess
from api.work import Cancelled, Left
from assistant.access import scope_of
from assistant.as_json import checked_text_json, found_json
from assistant.check_text import CheckedText, checking
from assistant.narrowed import nothing_fits

router = APIRouter(tags=["Documents and texts"])


@router.post("/search", response_model=shapes.Found)
async def search(body: shapes.SearchIn, call: SearchCall) -> Response:
    """Find the passages nearest to a text among the documents that the caller may read."""
    return JSONResponse(await call.work.do(lambda: _found(body, call)))


@router.post("/check", response_model=shapes.Checked)
async def check(body: shapes.CheckIn, call: CheckCall, request: Request) -> Response:
    """Hold a text against the documents that the caller may read, sentence by sentence; no model takes part."""
    return JSONResponse(await call.work.do_watched(request, lambda cancelled: _checked(body, call, cancelled)))


@router.post("/triage", response_model=shapes.Triaged)
async def triage(body: shapes.TriageIn, call: TriageCall) -> Response:
    """Say what tickets are and what they lack, for support staff; nothing is done with them."""
    return JSONResponse(await call.work.do(lambda: assess(body.tickets, call)))


def _found(body: shapes.SearchIn, call: Call) -> Mapping[str, Any]:
    citewell, filters = call.citewell, body.filters.read()
    scope = scope_of(call.principal, citewell.library, collection=body.collection)
    documents = citewell.catalogue.ids(scope, filters)
    earlier = [each.text for each in body.history if each.role == "user"]
    found = citewell.search.passages(body.text, scope=scope, history=earlier, limit=body.limit, documents=documents)
    return found_json(found) | ({"notice": nothing_fits(filters)} if documents == frozenset() else {})


def _checked(body: shapes.CheckIn, call: Call, cancelled: Cancelled) -> Mapping[str, Any]:
    scope = scope_of(call.principal, call.citewell.library, collection=body.collection)
    for event in checking(body.text, scope=scope, retriever=call.citewell.retriever):
        if isinstance(event, CheckedText):
            return checked_text_json(event)
        if cancelled():
            break
    raise Left

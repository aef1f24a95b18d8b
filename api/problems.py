"""What goes wrong as RFC 9457 says it: `application/problem+json` with one sentence for a person."""

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from assistant.errors import (
    AnswerUnderWay,
    AssistantError,
    AttachmentRefused,
    ChoiceRefused,
    ConversationNotFound,
    FeedbackRefused,
    JobNotFound,
    KeyRefused,
    LimitReached,
    ModelError,
    ModelNotAllowed,
    NotAllowed,
    QuestionRefused,
    TextRefused,
    TooBusy,
    UploadTooLarge,
)
from retrieval.dates import utc_now
from retrieval.errors import (
    CollectionRefused,
    FilterRefused,
    HomeFull,
    RetrievalError,
    UnknownCollection,
    UnknownDocument,
)

MEDIA_TYPE = "application/problem+json"
UNEXPECTED = "Something went wrong inside Citewell; ask again, or tell whoever runs it."
_WAIT_S = 2
_STATUS: Sequence[tuple[tuple[type[Exception], ...], int, str]] = (
    ((KeyRefused,), 401, "key-refused"),
    ((NotAllowed,), 403, "not-allowed"),
    ((UnknownDocument, UnknownCollection, ConversationNotFound, JobNotFound, FeedbackRefused), 404, "not-found"),
    ((UploadTooLarge,), 413, "too-large"),
    ((QuestionRefused, TextRefused, FilterRefused, ChoiceRefused, CollectionRefused), 422, "refused"),
    ((AttachmentRefused, ModelNotAllowed), 422, "refused"),
    ((LimitReached,), 429, "limit-reached"),
    ((AnswerUnderWay,), 409, "answering"),
    ((TooBusy,), 503, "busy"),
    ((ModelError,), 502, "model-failed"),
    ((HomeFull,), 507, "disk-full"),
)
"""Status and kind of each error; any other is 503, `unavailable`."""


class Problem(HTTPException):
    """An answer that is none: `kind` for programs, `detail` for people.

    Of Starlette's kind, so that whoever reads a body lets it through.
    """

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **further: Any
    ) -> None:
        super().__init__(status, detail, headers)
        self.kind = kind
        self.further = further

    @property
    def response(self) -> Response:
        """What the client is sent."""
        told = {
            "type": f"urn:citewell:problem:{self.kind}",
            "title": HTTPStatus(self.status_code).phrase,
            "status": self.status_code,
            "detail": self.detail,
            **self.further,
        }
        return Response(json.dumps(told), self.status_code, self.headers, MEDIA_TYPE)


def problem_of(error: AssistantError | RetrievalError) -> Problem:
    """An error of ours as a problem: its sentence, and when to ask again."""
    for kinds, status, kind in _STATUS:
        if isinstance(error, kinds):
            return Problem(status, kind, error.hint, headers=_headers(error, status))
    return Problem(503, "unavailable", error.hint, headers=_headers(error, 503))


def _headers(error: Exception, status: int) -> dict[str, str]:
    if isinstance(error, LimitReached) and error.continues_at is not None:
        return {"Retry-After": str(max(1, math.ceil((error.continues_at - utc_now()).total_seconds())))}
    if status in {429, 503}:
        return {"Retry-After": str(_WAIT_S)}
    return {"WWW-Authenticate": "Bearer"} if status == 401 else {}


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """A request that is not as the API's description says; nothing of it is said again."""
    found = [{"where": _where(each["loc"]), "what": str(each["msg"])} for each in errors]
    detail = f"The request is not as it should be: {found[0]['where']}: {found[0]['what']}."
    return Problem(422, "invalid", detail, errors=found)


def _where(location: Sequence[Any]) -> str:
    return ".".join(str(part)[:80] for part in location[:6])

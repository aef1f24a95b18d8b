"""One call: who makes it, in which home, and whether their key was made for it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from api.problems import Problem
from api.work import Work
from assistant.access import Principal, scope_of
from assistant.api_keys import Caller, KeyScope
from assistant.bootstrap import Citewell
from retrieval.library import Collection

_BEARER = HTTPBearer(
    bearerFormat="cwk_…",
    scheme_name="api_key",
    description="A key made under Settings, or for a service by an administrator.",
    auto_error=False,
)
"""For the description alone: the door has read the header before."""


@dataclass(frozen=True, slots=True)
class Call:
    """What every call has at hand."""

    request: Request
    citewell: Citewell
    caller: Caller
    work: Work

    @property
    def principal(self) -> Principal:
        """Who makes it."""
        return self.caller.principal

    @property
    def address(self) -> str:
        """From where."""
        return self.request.client.host if self.request.client else ""

    def collections(self) -> tuple[Collection, ...]:
        """Those that the caller may read, by name."""
        scope = scope_of(self.principal, self.citewell.library)
        return tuple(each for each in self.citewell.library.collections() if each.id in scope)


def _call(request: Request) -> Call:
    return Call(request, request.state.citewell, request.state.caller, request.app.state.work)


def made_for(needed: KeyScope | None) -> Any:
    """Gives the call to a function whose key must be made for `needed`."""

    async def checked(request: Request) -> Call:
        call = _call(request)
        if needed is not None and needed not in call.caller.scopes:
            raise Problem(403, "scope-missing", f"This API key is not made for “{needed}”; make one that is.")
        return call

    return Depends(checked)


KNOWN = [Depends(_BEARER)]
"""What every route needs, for its description."""
AskCall = Annotated[Call, made_for("ask")]
SearchCall = Annotated[Call, made_for("search")]
CheckCall = Annotated[Call, made_for("check")]
TriageCall = Annotated[Call, made_for("triage")]
ReadCall = Annotated[Call, made_for("documents:read")]
WriteCall = Annotated[Call, made_for("documents:write")]
FeedbackCall = Annotated[Call, made_for("feedback")]
AnyCall = Annotated[Call, made_for(None)]

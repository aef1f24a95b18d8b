"""An organisation that uses Citewell: a home with the sample company that everybody who signed in may read, the settings
under which an identity proxy says who they are, and a key for a program of theirs.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from assistant.access import LOCAL_USER, Role
from assistant.api_keys import MOST_CALLS_A_MINUTE, Wanted
from assistant.groups import Grant
from benchmarks.bench import opened
from benchmarks.startup import sample_home

SETTINGS: Mapping[str, str] = {
    "CITEWELL_SIGN_IN": "proxy",
    "CITEWELL_PROXY_ADDRESSES": "127.0.0.1",
    "CITEWELL_ADMIT": "*",
    "CITEWELL_MODEL": "scripted",
    "CITEWELL_QUESTIONS_A_DAY": "0",
    "CITEWELL_TOKENS_A_DAY": "0",
    "CITEWELL_ANSWERS_AT_ONCE": "0",
}
"""The program of the organisation asks for everybody, so nobody's limit is in the way."""


def office_home(home: Path, source: Path, *, quick: bool) -> str:
    """Make such a home beside `source`, which holds the sample company or will; returns the program's key."""
    sample_home(source, quick=quick)
    if not home.exists():
        shutil.copytree(source, home)
    with opened(home) as citewell:
        (everyone,) = (group.id for group in citewell.groups.list(LOCAL_USER) if group.is_everyone)
        for collection in citewell.library.collections():
            citewell.groups.grant(collection.id, (Grant(everyone, None, may_edit=False),), LOCAL_USER)
        service = next(iter(citewell.api_keys.services(LOCAL_USER)), None) or citewell.api_keys.create_service(
            "Intranet", Role.MEMBER, LOCAL_USER
        )
        for collection in citewell.library.collections():
            grants = (Grant(everyone, None, may_edit=False), Grant(None, service.id, may_edit=False))
            citewell.groups.grant(collection.id, grants, LOCAL_USER)
        wanted = Wanted("Load", ("ask",), calls_a_minute=MOST_CALLS_A_MINUTE)
        return citewell.api_keys.create_for_service(service.id, wanted, LOCAL_USER).secret


def person(number: int) -> dict[str, str]:
    """What the proxy says of the person of this number."""
    return {"X-Forwarded-User": f"person-{number}", "X-Forwarded-Email": f"person-{number}@office.example"}

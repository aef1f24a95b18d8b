"""Every call by everybody: what a key may not reach looks as if it were not there, and nothing is reached without one."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import build_app, build_routes, description
from assistant.access import LOCAL_USER
from assistant.api_keys import SCOPES, ApiKeys, Wanted
from assistant.bootstrap import open_citewell
from assistant.claims import Claims
from assistant.settings import Settings
from retrieval.dates import utc_now
from tests.api.conftest import OURS, THEIRS, Program, Served
from tests.security.world import NUMBERS

QUESTION = f"When do the {OURS} desk and the {THEIRS} desk open?"
Asked = tuple[str, str, dict[str, Any]]
CALLS: dict[str, tuple[str, Callable[[Served], Asked]]] = {
    "ask": ("ask", lambda _: ("POST", "/ask", {"json": {"question": QUESTION}})),
    "ask as a stream": (
        "ask",
        lambda _: ("POST", "/ask", {"json": {"question": QUESTION}, "headers": {"Accept": "text/event-stream"}}),
    ),
    "search": ("search", lambda _: ("POST", "/search", {"json": {"text": QUESTION}})),
    "check": ("check", lambda _: ("POST", "/check", {"json": {"text": f"The {THEIRS} desk opens at ten."}})),
    "triage": ("triage", lambda _: ("POST", "/triage", {"json": {"tickets": [{"text": "The printer is on fire."}]}})),
    "list documents": ("documents:read", lambda _: ("GET", "/documents", {})),
    "show a document": ("documents:read", lambda api: ("GET", f"/documents/{foreign(api)}", {})),
    "add a document": (
        "documents:write",
        lambda _: ("POST", "/documents", {"params": {"collection": "Of B", "name": "a.md"}, "content": b"# A"}),
    ),
    "delete a document": ("documents:write", lambda api: ("DELETE", f"/documents/{foreign(api)}", {})),
    "show a job": ("documents:write", lambda api: ("GET", f"/jobs/{api.world.job()}", {})),
    "feedback": (
        "feedback",
        lambda api: ("POST", "/feedback", {"json": {"message_id": api.world.answer(), "is_helpful": True}}),
    ),
}
WORKS: dict[str, set[str]] = {
    "ask": {"anna", "bela", "support", "editor", "admin"},
    "ask as a stream": {"anna", "bela", "support", "editor", "admin"},
    "search": {"anna", "bela", "support", "editor", "admin"},
    "check": {"anna", "bela", "admin"},
    "triage": {"support", "editor", "admin"},
    "list documents": {"anna", "bela", "support", "editor", "admin"},
    "show a document": {"bela", "admin"},
    "add a document": {"admin"},
    "delete a document": {"admin"},
    "show a job": {"editor"},
    "feedback": {"anna"},
}
"""Who is answered; the collections are Anna's or Bela's to read, and whoever has none has nothing to check against."""
PEOPLE = ("anna", "bela", "support", "editor", "admin")


def foreign(api: Served) -> int:
    """A document of Bela's."""
    return api.world.document(api.world.theirs)


def keys_without(api: Served, scope: str) -> Program:
    wanted = Wanted("narrow", tuple(each for each in SCOPES if each != scope))
    keys, anna = api.world.citewell.api_keys, api.world.people["anna"]
    for old in keys.mine(anna)[5:]:
        keys.revoke(old.id, anna)
    return Program(api.client, keys.create(wanted, anna).secret)


def nobodys(api: Served) -> Iterator[tuple[str, Program]]:
    """Programs that nobody lets in."""
    citewell, world = api.world.citewell, api.world
    yield "anonymous", api.program(None)
    yield "made up", Program(api.client, "cwk_" + "x" * 43)
    revoked = world.key()
    citewell.api_keys.revoke(revoked.key.id, LOCAL_USER)
    yield "revoked", Program(api.client, revoked.secret)
    past = ApiKeys(citewell.holdings.engine, is_open=False, clock=lambda: utc_now() - timedelta(days=9))
    name = f"past {next(NUMBERS)}"
    person = citewell.accounts.recognise(Claims("https://login.example", name, name, "", ("A", "B"), None, name))
    citewell.accounts.set_role(person.id, world.people["anna"].role, LOCAL_USER)
    principal = citewell.accounts.person(person.id, LOCAL_USER).principal
    yield "expired", Program(api.client, past.create(Wanted("old", SCOPES, days=3), principal).secret)
    disabled = citewell.api_keys.create(Wanted("mine", SCOPES), principal)
    citewell.accounts.set_disabled(person.id, LOCAL_USER, disabled=True)
    yield "disabled", Program(api.client, disabled.secret)


def test_every_call_of_the_api_is_tried() -> None:
    paths = description(build_routes())["paths"]
    routes = {(method, path) for path, operations in paths.items() for method in operations}
    assert len(routes) == len(CALLS) - 1  # One is asked in two ways.


@pytest.mark.threat("T23", count=5)
@pytest.mark.parametrize("name", CALLS)
def test_nobody_without_a_good_key_is_answered_and_all_are_told_the_same(api: Served, name: str) -> None:
    _, ask = CALLS[name]
    said = {}
    for who, program in nobodys(api):
        method, path, given = ask(api)
        response = program.call(method, path, **given)
        assert response.status_code == 401, (who, response.text)
        assert response.headers["www-authenticate"] == "Bearer"
        said[who] = response.text
    assert "key-missing" in said.pop("anonymous")
    assert len(set(said.values())) == 1
    assert OURS not in "".join(said.values())


@pytest.mark.threat("T1", count=6)
@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_answered_for_whom_it_may_and_tells_nobody_what_is_another_s(api: Served, name: str) -> None:
    scope, ask = CALLS[name]
    works, words = set(), {}
    for who in PEOPLE:
        method, path, given = ask(api)
        response = api.program(who).call(method, path, **given)
        words[who] = response.text
        if response.status_code < 300:
            works.add(who)
        else:
            assert response.status_code in {403, 404, 422}
    method, path, given = ask(api)
    refused = keys_without(api, scope).call(method, path, **given)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:citewell:problem:scope-missing")
    assert works == WORKS[name]
    assert f"{THEIRS} desk opens at nine" not in words["anna"]
    assert f"{OURS} desk opens at nine" not in words["bela"]
    for who in ("support", "editor"):
        assert "desk opens at nine" not in words[who]


@pytest.mark.threat("T1", count=6)
@pytest.mark.parametrize("method_path", ["GET /documents/{}", "DELETE /documents/{}", "GET /jobs/{}"])
def test_what_is_another_s_and_what_is_not_there_look_the_same(api: Served, method_path: str) -> None:
    method, path = method_path.split()
    theirs = api.world.job() if "jobs" in path else foreign(api)
    said = []
    for number in (theirs, 999_999):
        response = api.program("anna").call(method, path.format(number))
        said.append((response.status_code, response.text.replace(str(number), "…")))
    assert said[0] == said[1]
    assert said[0][0] == 404


@pytest.mark.threat("T1", count=4)
def test_another_s_conversation_and_answer_and_collection_look_as_if_they_were_not_there(api: Served) -> None:
    conversation, answer = api.world.conversation(), api.world.answer()
    bela = api.program("bela")
    said = [
        bela.post("/ask", {"question": "And then?", "conversation_id": each}) for each in (conversation, "0" * 32)
    ] + [bela.post("/feedback", {"message_id": each, "is_helpful": True}) for each in (answer, 999_999)]
    assert [response.status_code for response in said] == [404] * 4
    assert said[0].text == said[1].text
    assert said[2].text == said[3].text
    for path, body in (("/ask", {"question": "x"}), ("/search", {"text": "x"}), ("/check", {"text": "It is so."})):
        names = [api.program("anna").post(path, {**body, "collection": name}) for name in ("Of B", "Of Z")]
        assert [each.status_code for each in names] == [404, 404]
        assert names[0].text.replace("Of B", "Of Z") == names[1].text


@pytest.mark.threat("T2", count=8)
@pytest.mark.threat("T3", count=8)
def test_no_word_of_anothers_documents_comes_out_of_any_call_after_they_were_asked_for(api: Served) -> None:
    """Bela asks first, so that whatever is remembered is warm."""
    bodies = [
        ("/ask", {"question": f"Who is the deputy of the {THEIRS} desk?"}),
        ("/search", {"text": f"deputy of the {THEIRS} desk"}),
        ("/check", {"text": f"The deputy of the desk is Ada {THEIRS}, says the {THEIRS} desk."}),
    ]
    for path, body in bodies:
        assert f"Ada {THEIRS}" in api.program("bela").post(path, body).text
    anna = api.program("anna")
    for path, body in bodies:
        response = anna.post(path, body)
        told = json.dumps(
            {key: value for key, value in response.json().items() if key not in {"sentences", "hand_over"}}
        )
        assert f"{THEIRS}.md" not in response.text
        assert "Ada Zebrafinch" not in told
    listed = anna.call("GET", "/documents", params={"limit": 1000})
    assert THEIRS not in listed.text
    assert f"{OURS}.md" in listed.text


@pytest.mark.threat("T4", count=2)
def test_access_that_is_taken_back_ends_with_the_next_call(api: Served) -> None:
    citewell, bela = api.world.citewell, api.world.people["bela"]
    program, body = api.program("bela"), {"text": f"The {THEIRS} desk"}
    assert f"{THEIRS}.md" in program.post("/search", body).text
    before = citewell.groups.of_person(bela.person_id or 0, LOCAL_USER)
    citewell.groups.put_in(bela.person_id or 0, frozenset(), LOCAL_USER)
    try:
        assert program.post("/search", body).json()["passages"] == []
    finally:
        citewell.groups.put_in(bela.person_id or 0, before, LOCAL_USER)


@pytest.mark.threat("T27", count=5)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_page_of_another_site_is_refused_even_with_a_good_key(api: Served, headers: dict[str, str]) -> None:
    program = api.program()
    for method, path, given in (("GET", "/documents", {}), ("POST", "/search", {"json": {"text": "x"}})):
        response = program.call(method, path, headers=headers, **given)
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers
    preflight = program.client.options("/api/v1/ask", headers={**headers, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 403
    assert program.call("GET", "/documents", headers={"Origin": "http://localhost"}).status_code == 200


def test_a_key_is_taken_from_its_header_alone(api: Served) -> None:
    secret = api.program().secret or ""
    for headers, query in (
        ({"Cookie": f"Authorization=Bearer {secret}"}, ""),
        ({"X-Api-Key": secret}, f"?key={secret}"),
    ):
        assert api.client.get(f"/api/v1/documents{query}", headers=headers).status_code == 401
    for header in (f"Basic {secret}", secret, "Bearer", f"Token {secret}"):
        assert api.client.get("/api/v1/documents", headers={"Authorization": header}).status_code == 401
    assert api.client.get("/api/v1/documents", headers={"Authorization": f"bearer {secret}"}).status_code == 200


def test_the_demonstration_has_no_api(tmp_path: Path) -> None:
    with closing(open_citewell(Settings(home=tmp_path / "home", demo=True, sample=False))) as citewell:
        client = TestClient(build_app(lambda: citewell), base_url="http://localhost")
        response = client.get("/documents", headers={"Authorization": "Bearer cwk_x"})
    assert (response.status_code, response.json()["detail"]) == (404, "The demonstration has no API.")


def test_while_the_home_is_being_opened_it_is_to_be_asked_again() -> None:
    response = TestClient(build_app(lambda: None), base_url="http://localhost").get("/documents")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"


@pytest.mark.threat("T22")
def test_two_keys_of_one_person_have_each_their_own_calls_a_minute(api: Served) -> None:
    keys, anna = api.world.citewell.api_keys, api.world.people["anna"]
    one, other = (
        Program(api.client, keys.create(Wanted(name, SCOPES, calls_a_minute=2), anna).secret) for name in ("1", "2")
    )
    statuses = [one.call("GET", "/documents").status_code for _ in range(3)]
    if statuses == [200, 200, 200]:  # A new minute began in between.
        statuses = [one.call("GET", "/documents").status_code for _ in range(3)]
    refused = one.call("GET", "/documents")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["type"] == "urn:citewell:problem:limit-reached"
    assert other.call("GET", "/documents").status_code == 200


@pytest.mark.threat("T19")
def test_neither_keys_nor_words_are_in_the_log(api: Served, caplog: pytest.LogCaptureFixture) -> None:
    program = api.program()
    with caplog.at_level("DEBUG", logger="citewell"):
        program.post("/search", {"text": "unheard-of words"})
        program.post("/nowhere", {"text": "unheard-of words"})
        Program(api.client, "cwk_" + "k" * 43).post("/search", {"text": "x"})
    events = [record.facts for record in caplog.records if getattr(record, "event", "") == "api_called"]  # type: ignore[attr-defined]
    assert [(event.get("call"), event["status"]) for event in events] == [
        ("POST /search", 200),
        (None, 404),
        (None, 401),
    ]
    assert events[0]["key_id"] == api.world.citewell.api_keys.mine(api.world.people["anna"])[0].id
    told = caplog.text + str(events)
    assert "unheard-of" not in told
    assert (program.secret or "") not in told
    assert "kkkkkk" not in told

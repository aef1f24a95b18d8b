"""Documents through the API: read in by jobs as the page's are, listed, shown and deleted."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.access import LOCAL_USER
from assistant.audit import Action, Sought
from assistant.limits import LIMITS
from tests.api.conftest import Served
from tests.assistant.canaries import files_with

TEXT = b"# Koalas\n\nKoalas sleep for twenty hours a day. They eat leaves of the eucalyptus.\n"


def collection(api: Served) -> str:
    """The name of a collection that the editor may change."""
    made = api.world.collection()
    return next(each.name for each in api.world.citewell.library.collections() if each.id == made)


def add(api: Served, name: str, content: Any, *, into: str | None = None, who: str = "editor", **headers: str) -> Any:
    params = {"collection": into or collection(api), "name": name}
    return api.program(who).call("POST", "/documents", params=params, content=content, headers=headers)


def test_a_file_is_read_in_by_a_job_then_found_shown_and_deleted(api: Served) -> None:
    into, program = collection(api), api.program("editor")
    accepted = add(api, "koalas.md", TEXT, into=into)
    assert (accepted.status_code, accepted.json()["state"]) == (202, "waiting")
    assert accepted.headers["location"] == f"/api/v1/jobs/{accepted.json()['id']}"
    api.work_off()
    job = program.call("GET", f"/jobs/{accepted.json()['id']}").json()
    assert (job["state"], job["result"]["added"], job["result"]["failed"]) == ("done", 1, [])
    (listed,) = program.call("GET", "/documents", params={"collection": into}).json()["documents"]
    shown = program.call("GET", f"/documents/{listed['id']}").json()
    assert (shown["title"], shown["text"]) == ("Koalas", TEXT.decode())
    assert shown["text"][shown["chunks"][0]["start"] : shown["chunks"][0]["end"]] == shown["chunks"][0]["text"]
    found = program.post("/search", {"text": "How long do koalas sleep?", "collection": into}).json()["passages"]
    assert found[0]["document"] == "koalas.md"
    gone = program.call("DELETE", f"/documents/{listed['id']}")
    assert gone.status_code == 202
    api.work_off()
    assert program.call("GET", f"/jobs/{gone.json()['id']}").json()["result"] == {"deleted": 1}
    assert program.call("GET", f"/documents/{listed['id']}").status_code == 404


def test_what_was_read_in_and_deleted_is_in_the_audit_log_under_whose_key_it_was(api: Served) -> None:
    """The worker records what jobs do; here it is asked to, as the app's own does."""
    from assistant.carrying_out import Begun, carry_out
    from assistant.operations import Reporter

    citewell, editor = api.world.citewell, api.world.people["editor"]
    add(api, "recorded.md", TEXT)
    job = citewell.jobs.claim(("read_uploads",))
    assert job is not None
    carry_out(citewell, job.kind, job.work, Reporter(), begun=Begun(job.owner, job=job.id))
    citewell.jobs.finish(job.id, {})
    entry = citewell.audit.entries(Sought(actor=editor.key, action=Action.DOCUMENTS_READ))[0]
    assert entry.detail["files"] == ["recorded.md"]


def test_a_file_that_cannot_be_read_is_told_by_its_job(api: Served) -> None:
    accepted = add(api, "tool.exe", b"MZ\x00\x00no document")
    api.work_off()
    job = api.program("editor").call("GET", f"/jobs/{accepted.json()['id']}").json()
    assert [failed["path"] for failed in job["result"]["failed"]] == ["tool.exe"]


@pytest.mark.threat("T8", count=6)
@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("../../etc/passwd.md", "passwd.md"),
        ("C:\\temp\\a.md", "a.md"),
        ("//host/share/b.md", "b.md"),
        ("nul\x00.md", "nul\x00.md"),
        ("\u202egnp.md", "\u202egnp.md"),
        ("CON.md", "CON.md"),
    ],
)
def test_a_name_with_folders_in_it_leads_nowhere(api: Served, name: str, known_as: str) -> None:
    into = collection(api)
    assert add(api, name, TEXT, into=into).status_code == 202
    api.work_off()
    listed = api.program("editor").call("GET", "/documents", params={"collection": into}).json()["documents"]
    assert [document["document"] for document in listed] in ([known_as], [])
    assert not [path for path in files_with(api.world.citewell.home.path, "passwd.md") if "passwd" in path]


@pytest.mark.parametrize(
    "params", [{"name": "a.md"}, {"collection": "x"}, {"collection": "x", "name": ""}, {}], ids=str
)
def test_a_file_without_a_name_or_a_place_is_refused(api: Served, params: dict[str, str]) -> None:
    assert api.program("editor").call("POST", "/documents", params=params, content=TEXT).status_code == 422


def test_a_name_of_slashes_alone_is_none(api: Served) -> None:
    assert add(api, "///", TEXT).status_code == 422


@pytest.mark.threat("T21", count=2)
def test_a_file_is_refused_as_soon_as_it_is_too_large_whether_it_says_so_or_not(api: Served) -> None:
    citewell, sent = api.world.citewell, itertools.count()
    citewell.chosen.set(LIMITS["upload_mb"], 1)

    def endless() -> Iterator[bytes]:
        while next(sent) < 1_000:
            yield b"x" * (64 << 10)

    try:
        announced = add(api, "large.txt", b"x" * (2 << 20))
        streamed = add(api, "large.txt", endless())
    finally:
        citewell.chosen.set(LIMITS["upload_mb"], None)
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert "1 MB" in announced.json()["detail"]
    assert citewell.jobs.open(("read_uploads",)) == ()
    assert citewell.originals.path_of("x") is None


@pytest.mark.threat("T22", count=3)
def test_files_of_an_hour_are_counted_for_the_person(api: Served) -> None:
    citewell = api.world.citewell
    before = next(
        each.used for each in citewell.limits.standing(api.world.people["admin"]) if each.limit == "uploads_an_hour"
    )
    citewell.chosen.set(LIMITS["uploads_an_hour"], before + 2)
    into = collection(api)
    try:
        statuses = [add(api, f"{n}.md", TEXT, into=into, who="admin").status_code for n in range(3)]
    finally:
        citewell.chosen.set(LIMITS["uploads_an_hour"], None)
    assert statuses == [202, 202, 429]
    api.work_off()


@pytest.mark.threat("T1", count=2)
def test_a_collection_that_may_only_be_read_looks_like_none_to_whoever_would_add_to_it(api: Served) -> None:
    said = [add(api, "a.md", TEXT, into=name, who="anna") for name in ("Of A", "Of Z")]
    assert [each.status_code for each in said] == [404, 404]
    assert said[0].text.replace("Of A", "Of Z") == said[1].text
    (entry,) = [
        each["id"]
        for each in api.program("anna").call("GET", "/documents").json()["documents"]
        if each["document"] == "Skerrivane.md"
    ]
    assert api.program("anna").call("DELETE", f"/documents/{entry}").status_code == 404


def test_a_list_is_paged_and_filtered(api: Served) -> None:
    into, program = collection(api), api.program("editor")
    for name in ("a.md", "b.md", "c.txt"):
        add(api, name, TEXT + name.encode(), into=into)
    api.work_off()

    def names(**params: Any) -> list[str]:
        told = program.call("GET", "/documents", params={"collection": into, **params}).json()
        return [document["document"] for document in told["documents"]]

    assert names() == ["a.md", "b.md", "c.txt"]
    assert names(offset=1, limit=1) == ["b.md"]
    assert names(type="Markdown") == ["a.md", "b.md"]
    assert program.call("GET", "/documents", params={"type": "spaceship"}).status_code == 422
    assert program.call("GET", "/documents", params={"collection": into, "limit": 1}).json()["total"] == 3


def test_a_number_that_is_none_is_refused(api: Served) -> None:
    for number in ("0", "-1", "x", str(2**63), "1.5"):
        for path in ("documents", "jobs"):
            assert api.program("editor").call("GET", f"/{path}/{number}").status_code == 422


def test_tickets_are_looked_at_by_the_model_in_use(api: Served) -> None:
    from assistant.triage.values import Ticket

    known = [
        Ticket(f"{thing} number {n}", "", str(n), labels={"category": label}, resolution=f"Look after the {thing}.")
        for thing, label in (("the printer is broken", "IT"), ("my holiday request", "HR"))
        for n in range(6)
    ]
    api.world.citewell.teaching.train(known)
    told = api.program("support").post("/triage", {"tickets": [{"id": "T-1", "text": "the printer is broken again"}]})
    (ticket,) = told.json()["tickets"]
    assert told.json()["version"] == api.world.citewell.teaching.number_in_use(LOCAL_USER)
    assert (ticket["id"], ticket["findings"]["category"]["label"]) == ("T-1", "IT")
    assert ticket["similar"][0]["resolution"]

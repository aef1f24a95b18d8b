"""The server mode, all of it: PostgreSQL, Chroma, two replicas, two workers and nginx, each killed in turn in one story.

What is acknowledged on the way, to a browser or to a program, is compared at the end with what is there.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.paced import PacedEndpoint
from tests.browser.conftest import browser as browser
from tests.browser.serving import CHROMIUM, PATIENCE_MS
from torture.outages import CHARS_A_SECOND, QUESTION, SENTENCE, database_lost, served, vectors_lost
from torture.serving import Serving, problems_of, until
from torture.stack.postgres import server_programs

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium (apt install chromium)"),
    pytest.mark.skipif(server_programs() is None, reason="needs PostgreSQL's server (apt install postgresql)"),
    pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx (apt install nginx-light)"),
]
ROUTE = "citewell_replica"
WORDS = SENTENCE.partition(" [")[0]
LONG, SHORT = 40, 2
INTERRUPTED = "Citewell was stopped while it was answering"


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Serving, PacedEndpoint]]:
    with served() as both:
        yield both


@pytest.fixture
def serving(running: tuple[Serving, PacedEndpoint]) -> Iterator[Serving]:
    """All of it running; what a test has killed runs again afterwards, however the test ended."""
    yield running[0]
    for part in running[0].stack.parts:
        if not part.is_running:
            part.start()
            part.wait()


@pytest.fixture
def endpoint(running: tuple[Serving, PacedEndpoint]) -> PacedEndpoint:
    return running[1]


@contextmanager
def page_of(browser: Browser, serving: Serving, path: str = "/", *, replica: int | None = None) -> Iterator[Page]:
    """A page in a new profile, which nginx sends to any replica, or to one of them."""
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(PATIENCE_MS)
    if replica is not None:
        port = str(serving.stack.replica_ports[replica])
        context.add_cookies([{"name": ROUTE, "value": port, "url": serving.stack.url, "secure": True}])
    page = context.new_page()
    page.goto(serving.stack.url + path)
    try:
        yield page
    finally:
        context.close()


def ask(page: Page, question: str = QUESTION) -> None:
    box = page.get_by_test_id("stChatInput").locator("textarea")
    box.fill(question)
    box.press("Enter")


def replica_of(page: Page, serving: Serving) -> int:
    """To which replica the cookie of this page leads."""
    (port,) = (cookie["value"] for cookie in page.context.cookies() if cookie["name"] == ROUTE)
    return serving.stack.replica_ports.index(int(port))


def test_a_document_is_read_in_by_a_worker_and_found_from_both_replicas(serving: Serving) -> None:
    serving.wait_for(serving.send("parking.md", "# Parking\n\nThe Quokka garage closes at ten.\n", word="Quokka"))
    assert all(serving.finds("parking.md", replica) for replica in range(2))
    until(lambda: serving.found("Quokka", 0) == serving.found("Quokka", 1), "both replicas to find the same")
    done = ["job_finished" in part.log.read_text("utf-8") for part in (*serving.stack.workers, *serving.stack.replicas)]
    assert any(done[:2])
    assert not any(done[2:])


def test_an_answer_with_its_sources_is_seen_through_both_replicas(browser: Browser, serving: Serving) -> None:
    with page_of(browser, serving) as page:
        ask(page)
        expect(page.locator(".answer")).to_contain_text(WORDS)
        expect(page.locator(".chip").first).to_be_visible()
        address = page.url.removeprefix(serving.stack.url)
    assert "c=" in address
    for replica in range(2):
        with page_of(browser, serving, address, replica=replica) as page:
            expect(page.locator(".answer")).to_contain_text(WORDS)
            assert replica_of(page, serving) == replica


def test_a_person_stays_with_one_replica_and_programs_come_to_both(browser: Browser, serving: Serving) -> None:
    with page_of(browser, serving) as page:
        page.get_by_test_id("stChatInput").wait_for()
        first = replica_of(page, serving)
        for _ in range(3):
            page.reload()
            page.get_by_test_id("stChatInput").wait_for()
            assert replica_of(page, serving) == first
    log = serving.stack.directory / "nginx/citewell.log"
    before = len(log.read_text("utf-8").splitlines())
    with serving.client() as client:
        for _ in range(4):
            assert client.get("/documents").is_success
    until(lambda: len(log.read_text("utf-8").splitlines()) >= before + 4, "nginx to write its log")
    ports = {line.rpartition(":")[2] for line in log.read_text("utf-8").splitlines()[before:]}
    assert {str(port) for port in serving.stack.replica_ports} <= ports


def test_a_replica_killed_in_mid_answer(browser: Browser, serving: Serving, endpoint: PacedEndpoint) -> None:
    """F13, F25: what was written is kept and shown as interrupted; the page goes on at the other replica by itself."""
    endpoint.text = SENTENCE * LONG
    with page_of(browser, serving, replica=0) as page:
        ask(page)
        live = page.locator(".st-key-live_answer")
        begun = serving.begin(QUESTION, count=2, replica=0)
        until(lambda: len(live.inner_text()) > CHARS_A_SECOND + len(SENTENCE), "more to be written than may be lost")
        seen = live.inner_text()
        serving.stack.replicas[0].kill()
        endpoint.text = SENTENCE * SHORT
        expect(page.locator(".answer .notice")).to_contain_text(INTERRUPTED)
        assert page.locator(".answer .prose").inner_text().startswith(WORDS)
        assert len(page.locator(".answer .prose").inner_text()) >= len(seen) - CHARS_A_SECOND
        assert replica_of(page, serving) == 1
        ask(page)
        expect(page.locator(".answer")).to_have_count(2)
        expect(page.locator(".answer").last).to_contain_text(WORDS)
    until(lambda: all(asked.over.is_set() for asked in begun), "the connections to break")
    for asked in begun:
        assert asked.end is None
        stored = until(lambda asked=asked: serving.stored(asked), "the answer to be stored")
        assert stored[0] == "interrupted"
        assert len(stored[1]) >= len(asked.text) - CHARS_A_SECOND
    serving.stack.replicas[0].start()
    serving.stack.replicas[0].wait()
    assert serving.ask(QUESTION, replica=0).end == "answer_finished"


def test_a_worker_killed_while_it_reads_in(serving: Serving) -> None:
    """F12: another one finishes; everything that was handed over is there, and nothing twice."""
    text = "\n\n".join(f"Paragraph {n} of the report says that pump {n} holds {n * 7} litres." for n in range(150))
    jobs = [
        serving.send(f"report-{n}.md", f"# Report {n}\n\nThe Numbat{n} is in it.\n\n{text}\n", word=f"Numbat{n}")
        for n in range(4)
    ]
    killed = until(serving.part_at_work, "a worker to begin")
    killed.kill()
    serving.wait_for(*jobs)
    assert problems_of(serving, chars_a_second=CHARS_A_SECOND) == ()
    assert serving.count("SELECT count(*) FROM documents WHERE path LIKE 'report-%%'") == len(jobs)
    killed.start()
    killed.wait()


def test_chroma_killed_and_started_again(serving: Serving) -> None:
    """F11: questions are answered meanwhile, documents are read in, and it is used again by itself within ten seconds."""
    assert vectors_lost(serving, 1).problems == ()


def test_the_database_killed_and_started_again_under_load(serving: Serving, endpoint: PacedEndpoint) -> None:
    """F18: no question is lost, and no answer that was being written."""
    assert database_lost(serving, endpoint, answers=4).problems == ()


def test_the_doctor_names_what_is_away_with_a_remedy(serving: Serving) -> None:
    stack = serving.stack
    stack.chroma.kill()
    stack.files.rename(stack.directory / "moved")
    code, told = serving.run("doctor")
    (stack.directory / "moved").rename(stack.files)
    stack.chroma.start()
    stack.chroma.wait()
    checks = {check["name"]: check for check in told["checks"]}
    away = {name: check["remedy"] for name, check in checks.items() if not check["ok"]}
    assert code == 1
    assert set(away) == {"Vectors", "Shared files"}
    assert all(away.values())
    assert "PostgreSQL" in checks["Database"]["detail"]
    assert checks["Workers"]["detail"].startswith("2 ")
    assert stack.database_url.split(":")[2].partition("@")[0] not in str(told)


def test_nginx_killed_and_started_again(browser: Browser, serving: Serving) -> None:
    """An open page goes on by itself, in the same conversation."""
    with page_of(browser, serving) as page:
        ask(page)
        expect(page.locator(".answer")).to_contain_text(WORDS)
        serving.stack.nginx.kill()
        serving.stack.nginx.start()
        serving.stack.nginx.wait()
        ask(page)
        expect(page.locator(".answer")).to_have_count(2)
        expect(page.locator(".answer").last).to_contain_text(WORDS)


def test_all_that_was_acknowledged_is_there_and_every_index_says_the_same(serving: Serving) -> None:
    assert serving.documents
    assert any(asked.message_id is not None for asked in serving.asked)
    assert problems_of(serving, chars_a_second=CHARS_A_SECOND) == ()
    assert serving.count("SELECT count(*) FROM messages WHERE state IN ('pending', 'streaming')") == 0
    assert serving.count("SELECT count(*) FROM jobs WHERE state IN ('waiting', 'running')") == 0

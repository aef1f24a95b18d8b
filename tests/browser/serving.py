"""The real app in a process of its own, and Debian's Chromium to look at it."""

import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, assert_never

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from assistant.settings import environment
from tests.assistant.scripted_endpoint import ScriptedEndpoint
from tests.browser.replies import reply_to
from tests.warm import Forked, started

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
)
PATIENCE_MS = 60_000
"""How long a page may take to show what is waited for: a busy machine is slow, not wrong."""
_START_S = 150
_END_S = 25


@dataclass(frozen=True, slots=True)
class App:
    """A running app."""

    url: str
    home: Path
    process: Forked

    def end(self) -> int:
        """Ask it to end, as a service manager would; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_END_S)


@contextmanager
def served(home: Path, **settings: str) -> Iterator[App]:
    """`streamlit run chat_app.py` on a free port; settings are CITEWELL_* and OPENAI_* variables."""
    port = free_port()
    command = ("streamlit", "run", "chat_app.py", f"--server.port={port}", "--server.address=127.0.0.1")
    env = environment(CITEWELL_HOME=str(home), **{"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", **settings})
    log = (home.parent / f"app-{port}.log").open("wb")
    with log, started(*command, env=env, out=log, err=log) as process:
        app = App(f"http://127.0.0.1:{port}", home, process)
        wait_until_healthy(app)
        try:
            yield app
        finally:
            app.end()


Served = Literal["model", "empty home", "new home", "demo", "until it ends"]


@contextmanager
def serving(kind: Served, sample_home: Path, folder: Path) -> Iterator[App]:
    """The app with the scripted model (also for a walk that ends it), over an empty or a new home, or as the demo."""
    folder.mkdir(parents=True, exist_ok=True)
    match kind:
        case "model" | "until it ends":
            home = Path(shutil.copytree(sample_home, folder / "home", symlinks=True))
            with ScriptedEndpoint(reply_to) as endpoint, served(home, OPENAI_BASE_URL=endpoint.url) as app:
                yield app
        case "empty home":
            with served(folder / "empty", CITEWELL_SAMPLE="0") as app:
                yield app
        case "new home":
            with served(folder / "new") as app:
                yield app
        case "demo":
            with served(folder / "unused", CITEWELL_DEMO="1") as app:
                yield app
        case _:
            assert_never(kind)


def wait_until_healthy(app: App) -> None:
    """Returns once /healthz says that the home is open."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert app.process.poll() is None, "the app ended while it was starting"
        try:
            with urllib.request.urlopen(f"{app.url}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError("the app did not become healthy")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    assert CHROMIUM is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Watched:
    """A tab, with everything that ought not to have happened in it."""

    page: Page
    app: App
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def ask(self, question: str) -> None:
        """Type a question and send it."""
        box = self.page.get_by_test_id("stChatInput").locator("textarea")
        box.fill(question)
        # Not while a file of it is on its way.
        expect(self.page.get_by_test_id("stChatInputSubmitButton")).to_be_enabled(timeout=PATIENCE_MS)
        box.press("Enter")

    @property
    def stop_button(self) -> Locator:
        """Ours: Streamlit has one of that name too, until our style comes."""
        return self.page.locator(".st-key-stop").get_by_role("button", name="Stop", exact=True)

    def new_chat(self) -> None:
        """Begin another conversation, and wait for its empty page: what is typed before that goes with the old one."""
        self.page.get_by_role("button", name="New chat").click()
        self.page.locator(".st-key-welcome").wait_for()

    def answer(self, index: int = -1) -> str:
        """The text of an answer, once it is finished."""
        answers = self.page.locator(".answer")
        (answers.nth(index) if index >= 0 else answers.last).wait_for()
        return (answers.nth(index) if index >= 0 else answers.last).inner_text()


@contextmanager
def tab(browser: Browser, app: App, path: str = "/", **options: object) -> Iterator[Watched]:
    """A tab of a fresh browser profile, open at a path of the app."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    watched = Watched(context.new_page(), app)
    own = (app.url, app.url.replace("http", "ws"), "blob:", "data:")
    watched.page.on("request", lambda r: None if r.url.startswith(own) else watched.foreign.append(r.url))
    watched.page.on("websocket", lambda w: None if w.url.startswith(own) else watched.foreign.append(w.url))
    watched.page.on("console", lambda m: watched.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    watched.page.goto(app.url + path)
    try:
        yield watched
    finally:
        context.close()

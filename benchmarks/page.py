"""How long the chat page takes to be drawn, and to be drawn again after a click, in a short and a very long conversation.

The click opens a citation or closes it again: the smallest thing that runs the script.
"""

import base64
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from assistant.access import LOCAL_USER
from assistant.bootstrap import Citewell
from assistant.conversations import StoredMessage
from benchmarks.app import App, running_app
from benchmarks.bench import Bench, opened
from benchmarks.browser import CHAT_INPUT, NoBrowser, chromium
from benchmarks.report import Row, Target
from benchmarks.startup import sample_home
from benchmarks.timing import latency_of
from ui.state import WINDOW

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

SETTLE_SCRIPT = Path(__file__).with_name("settle.js")
_LENGTHS = (20, 1000)
_CLICKS = 20
_PAINTS = 7
_QUIET_MS = 300
_QUESTIONS = ("How many days of annual leave do I have?", "How many days a week can I work from home?")
_ARE_DRAWN = """count => [...document.querySelectorAll("[data-testid=stChatMessage] *")].filter(
    (element) => element.shadowRoot?.querySelector(".answer")?.getBoundingClientRect().height > 0).length >= count"""
CLICK = "element => citewellBench.settled(() => element.click(), QUIET_MS)".replace("QUIET_MS", str(_QUIET_MS))


@dataclass(frozen=True, slots=True)
class _Rerun:
    """From a click to the last change of the page; the script's run and what went over the websocket for it."""

    settled_ms: float
    script_ms: float
    received_bytes: int
    sent_bytes: int


def measure(bench: Bench) -> Iterator[Row]:
    """Rows for each length; medians over all clicks."""
    lengths = (4, 8) if bench.quick else _LENGTHS
    home = bench.directory / "sample-home"
    sample_home(home, quick=bench.quick)
    with opened(home) as citewell:
        conversations = {length: _long_conversation(citewell, length) for length in lengths}
    try:
        with running_app(home, sample=True) as app, chromium() as browser:
            app.wait_healthy()
            for length, conversation_id in conversations.items():
                reruns = _reruns(app, browser, conversation_id, clicks=4 if bench.quick else _CLICKS)
                yield from _rows(length, reruns)
            yield _first_paint(
                app, browser, lengths[-1], conversations[lengths[-1]], times=2 if bench.quick else _PAINTS
            )
    except NoBrowser as problem:
        yield Row("chat page drawn again", None, "s", Target(0.3), f"not measured: {problem}")


def _rows(length: int, reruns: Sequence[_Rerun]) -> Iterator[Row]:
    settled = latency_of([rerun.settled_ms / 1000 for rerun in reruns])
    script_ms = median(rerun.script_ms for rerun in reruns)
    sent = median(rerun.sent_bytes for rerun in reruns) / 1000
    kilobytes = median(rerun.received_bytes + rerun.sent_bytes for rerun in reruns) / 1000
    note = f"{settled.count} clicks, p95 {settled.p95:.2f} s; script {script_ms:.0f} ms"
    is_long = length == max(_LENGTHS)
    yield Row(f"chat page drawn again, {length:,} messages", settled.p50, "s", Target(0.3) if is_long else None, note)
    yield Row(
        f"its traffic, {length:,} messages", kilobytes, "kB", Target(30) if is_long else None, f"sent {sent:.1f} of it"
    )


def _first_paint(app: App, browser: "Browser", length: int, conversation_id: str, *, times: int) -> Row:
    """From the address to every answer of the window in its place, in a browser that has been here before."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    took_s = []
    for _ in range(times + 1):
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"{app.url}/?c={conversation_id}", wait_until="commit")
        # Looked at in each frame: Playwright's own waiting for an element soon looks every half a second only.
        page.wait_for_function(_ARE_DRAWN, arg=min(length, WINDOW) // 2, polling="raf")
        took_s.append(time.perf_counter() - began)
        page.close()
    context.close()
    note = f"median of {times}; {took_s[0]:.2f} s in a browser that has never been here"
    return Row(f"first paint of a thread, {length:,} messages", median(took_s[1:]), "s", Target(1.5), note)


def _reruns(app: App, browser: "Browser", conversation_id: str, *, clicks: int) -> list[_Rerun]:
    """Open the last answer's last citation, close it, and again; the first pair is not counted."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(path=SETTLE_SCRIPT)
    with _watched(page) as frames:
        page.goto(f"{app.url}/?c={conversation_id}")
        page.wait_for_selector(CHAT_INPUT, state="visible")
        chip, close = page.locator(".chip").last, page.get_by_role("button", name="Close the source")
        chip.wait_for()
        page.wait_for_timeout(5 * _QUIET_MS)
        return [_rerun(page, close if at % 2 else chip, frames) for at in range(clicks + 2)][2:]


def _rerun(page: "Page", target: "Locator", frames: "_Frames") -> _Rerun:
    frames.clear()
    settled_ms = page.evaluate(CLICK, target.element_handle())
    return _Rerun(settled_ms, frames.script_ms(), frames.received_bytes, frames.sent_bytes)


@dataclass(slots=True)
class _Frames:
    """What came over the page's websocket since it was cleared, by the browser's clock."""

    received_bytes: int = 0
    sent_bytes: int = 0
    _began: float | None = None
    _ended: float | None = None

    def clear(self) -> None:
        """Forget what came."""
        self.received_bytes = self.sent_bytes = 0
        self._began = self._ended = None

    def take_sent(self, event: dict[str, Any]) -> None:
        """Count one frame that the browser sent."""
        self.sent_bytes += len(base64.b64decode(event["response"]["payloadData"]))

    def take(self, event: dict[str, Any]) -> None:
        """Count one frame that it received."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        payload = base64.b64decode(event["response"]["payloadData"])
        self.received_bytes += len(payload)
        kind = ForwardMsg.FromString(payload).WhichOneof("type")
        if kind == "new_session":
            self._began = event["timestamp"]
        elif kind == "script_finished":
            self._ended = event["timestamp"]

    def script_ms(self) -> float:
        """Between the first and the last message of the script's last run."""
        if self._began is None or self._ended is None:
            raise RuntimeError("the click did not run the script")
        return (self._ended - self._began) * 1000


@contextmanager
def _watched(page: "Page") -> Iterator[_Frames]:
    frames = _Frames()
    devtools = page.context.new_cdp_session(page)
    devtools.on("Network.webSocketFrameReceived", lambda event: frames.take(event))  # noqa: PLW0108 - marks its handlers
    devtools.on("Network.webSocketFrameSent", lambda event: frames.take_sent(event))  # noqa: PLW0108 - as above
    devtools.send("Network.enable")
    try:
        yield frames
    finally:
        page.close()


def _long_conversation(citewell: Citewell, length: int) -> str:
    """A conversation of that many messages: real answers, stored again and again."""
    answers = _real_answers(citewell)
    conversation_id = citewell.conversations.create(LOCAL_USER)
    for turn in range(length // 2):
        question, answer = answers[turn % len(answers)]
        message_id = citewell.conversations.begin(conversation_id, LOCAL_USER, question)
        citewell.conversations.save(message_id, state="done", text=answer.text, work=answer.work)
    return conversation_id


def _real_answers(citewell: Citewell) -> list[tuple[str, StoredMessage]]:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    for question in _QUESTIONS:
        for _ in citewell.assistant.ask(question, conversation_id=conversation_id, principal=LOCAL_USER):
            pass
    stored = citewell.conversations.messages(conversation_id, LOCAL_USER)
    return [(question.text, answer) for question, answer in zip(stored[::2], stored[1::2], strict=True)]

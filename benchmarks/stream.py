"""What an answer costs on the wire while it is written, whatever its shape, and how soon Stop stops it."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.app import App, running_app
from benchmarks.bench import Bench
from benchmarks.browser import CHAT_INPUT, NoBrowser, chromium
from benchmarks.paced import PAUSE_S, TOKEN_CHARS, PacedEndpoint, paced_endpoint
from benchmarks.report import Row, Target
from benchmarks.startup import sample_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_QUESTION = "How many days of annual leave do I have?"
_FIRST_WORD = "Everyone"
_SENTENCE = (
    "Everyone who works full time has 26 days of paid annual leave in a calendar year, "
    "on top of the eight public holidays [1]."
)
_SHAPES = {
    "paragraphs": lambda count: "\n\n".join([" ".join([_SENTENCE] * 3)] * (count // 3)),
    "one paragraph": lambda count: " ".join([_SENTENCE] * count),
    "one list": lambda count: "\n".join([f"- {_SENTENCE}"] * count),
}
_SENTENCES = 33
"""A little over 4 kB."""
_STOPS = 7
_STOPPED = """button => new Promise((resolve) => {
  const began = performance.now();
  const look = () => {
    const answers = [...document.querySelectorAll("*")].some((e) => e.shadowRoot?.querySelector(".answer .notice"));
    if (answers && !document.querySelector(".st-key-live_answer")) resolve(performance.now() - began);
    else setTimeout(look, 5);
  };
  button.click();
  look();
})"""


def measure(bench: Bench) -> Iterator[Row]:
    """A row for each shape, and one for Stop."""
    home = bench.directory / "sample-home"
    sample_home(home, quick=bench.quick)
    try:
        with (
            paced_endpoint() as endpoint,
            running_app(home, sample=True, base_url=endpoint.url) as app,
            chromium() as browser,
        ):
            app.wait_healthy()
            for shape, written in _SHAPES.items():
                endpoint.text = written(6 if bench.quick else _SENTENCES)
                yield _row(shape, endpoint.text, _streamed(app, browser))
            yield _stop_row(app, browser, endpoint, stops=1 if bench.quick else _STOPS)
    except NoBrowser as problem:
        yield Row("traffic of a streamed answer ÷ its size", None, "×", Target(10), f"not measured: {problem}")


def _row(shape: str, text: str, frames: "_Frames") -> Row:
    size = len(text.encode())
    streamed = frames.streamed_bytes()
    note = (
        f"{size / 1000:.1f} kB in tokens of {TOKEN_CHARS} letters, {1 / PAUSE_S:.0f} a second; "
        f"{frames.streamed_messages()} messages of {streamed / 1000:.0f} kB; the whole turn {frames.bytes() / 1000:.0f} kB"
    )
    return Row(f"traffic of a streamed answer ÷ its size, {shape}", streamed / size, "×", Target(10), note)


def _stop_row(app: App, browser: "Browser", endpoint: PacedEndpoint, *, stops: int) -> Row:
    endpoint.text = _SHAPES["paragraphs"](2 * _SENTENCES)
    took_s = [_stop(app, browser) / 1000 for _ in range(stops)]
    note = f"from the click to the kept answer, {stops} times, at most {max(took_s):.2f} s"
    return Row("Stop → answer kept", median(took_s), "s", Target(0.5), note)


def _streamed(app: App, browser: "Browser") -> "_Frames":
    with _asked(app, browser) as (page, frames):
        page.locator(".answer").wait_for(timeout=120_000)
        page.wait_for_timeout(500)
        return frames


def _stop(app: App, browser: "Browser") -> float:
    with _asked(app, browser) as (page, _):
        page.locator(".st-key-live_answer").get_by_text(_FIRST_WORD).first.wait_for()
        page.wait_for_timeout(1_500)
        stop = page.get_by_role("button", name="Stop", exact=True).element_handle()
        return float(page.evaluate(_STOPPED, stop))


@contextmanager
def _asked(app: App, browser: "Browser") -> Iterator[tuple["Page", "_Frames"]]:
    """A new tab in which the question was just sent."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    frames = _Frames()
    devtools = page.context.new_cdp_session(page)
    devtools.on("Network.webSocketFrameReceived", lambda event: frames.take(event))  # noqa: PLW0108 - marks its handlers
    devtools.send("Network.enable")
    try:
        page.goto(app.url)
        page.wait_for_selector(CHAT_INPUT, state="visible")
        page.wait_for_timeout(1_000)
        frames.clear()
        page.fill(CHAT_INPUT, _QUESTION)
        page.press(CHAT_INPUT, "Enter")
        yield page, frames
    finally:
        page.close()


@dataclass(slots=True)
class _Frames:
    """What came over the page's websocket: each message's size, whether it has answer's text, whether a run begins."""

    _seen: list[tuple[int, bool, bool]] = field(default_factory=list)

    def clear(self) -> None:
        """Forget what came."""
        self._seen.clear()

    def take(self, event: dict[str, Any]) -> None:
        """Keep one frame of the DevTools protocol."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        payload = base64.b64decode(event["response"]["payloadData"])
        message = ForwardMsg.FromString(payload)
        has_text = _FIRST_WORD in message.delta.new_element.markdown.body
        self._seen.append((len(payload), has_text, message.WhichOneof("type") == "new_session"))

    def bytes(self) -> int:
        """All of it."""
        return sum(size for size, _, _ in self._seen)

    def streamed_bytes(self) -> int:
        """From the first words to the last message before the page is drawn with the finished answer."""
        return sum(size for size, _, _ in self._streamed())

    def streamed_messages(self) -> int:
        """How many messages that were."""
        return len(self._streamed())

    def _streamed(self) -> list[tuple[int, bool, bool]]:
        first = next(at for at, (_, has_text, _) in enumerate(self._seen) if has_text)
        following = self._seen[first:]
        end = next((at for at, (_, _, begins) in enumerate(following) if begins), len(following))
        return following[:end]

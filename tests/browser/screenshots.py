"""Makes a picture of every state of the page, light, dark and narrow, from the running app; `make screenshots`.

They are for looking at after a change. The pictures of the docs, docs/img/, are made by the same run.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from assistant.settings import Settings
from tests.assistant.scripted_endpoint import DONE, HEAD, RESET, Script, ScriptedEndpoint, chunk, usage
from tests.browser.conftest import read_sample_company
from tests.browser.many_documents import add_many_documents
from tests.browser.serving import ROOT, App, Watched, chromium, served, tab

README_QUESTION = "What is the daily meal allowance on a business trip in the country?"
LEAVE = "How many days of annual leave do I get, and how do I ask for them?"
_GOOD = (
    "Everyone who works full time has **26 days** of paid annual leave in a calendar year, on top of the eight "
    "public holidays [1].\n\nTo ask for leave:\n\n- Enter the request in the Logbook, under *My time* [1].\n"
    "- Your team lead answers within two working days [1].\n- Ask at least two weeks ahead for up to ten working "
    "days in a row [1]."
)
_DOUBTFUL = (
    "Part-timers have the same leave in proportion to their weekly hours [1]. It is rounded up to the next "
    "half day [1]. Half days are not possible [1]. "
    "Unused days are paid out at £500 each."
)
_NEXT = "How many days of leave may I carry over?\nMay I buy additional days of leave?\nTitle: Annual leave"
_INVENTED = "Dogs may come to the office on Fridays. Every dog wears a blue collar and stays at its desk."


@dataclass(frozen=True, slots=True)
class Look:
    """A way to look at the page."""

    name: str
    scheme: str
    width: int
    height: int

    def options(self) -> dict[str, object]:
        """What the browser needs to know of it."""
        return {"color_scheme": self.scheme, "viewport": {"width": self.width, "height": self.height}}


LOOKS = (
    Look("light", "light", 1280, 860),
    Look("dark", "dark", 1280, 860),
    Look("narrow", "light", 375, 760),
    Look("narrow-dark", "dark", 375, 760),
)


MANY = 10_000


def said(text: str, *, pause_s: float = 0.03, ending: Script | None = None) -> Script:
    """A model's reply, word by word, after a moment in which nothing comes."""
    pieces = [piece for word in text.split(" ") for piece in (chunk(f"{word} "), pause_s)]
    return (HEAD, 1.6, *pieces, *(ending or (chunk(finish="stop"), usage(1200, 90), DONE)))


SCRIPTS = (
    said(_GOOD),
    said(_NEXT, pause_s=0.005),
    said("How many days of annual leave do part-timers get?", pause_s=0.005),
    said(_DOUBTFUL, pause_s=0.005),
    said(_INVENTED, pause_s=0.005),
    said(_NEXT, pause_s=0.005),
    said("What leave may I keep at the end of the year?", pause_s=0.005),
    said(_GOOD[:150], pause_s=0.005, ending=(RESET,)),
    said(LEAVE, pause_s=0.005),
    said(f"{_GOOD}\n\n{_GOOD}", pause_s=0.1),
)


@dataclass(slots=True)
class Album:
    """Puts the pictures of one look into a folder."""

    folder: Path
    look: Look
    watched: Watched

    def take(self, state: str, *, after_ms: int = 500) -> None:
        """A picture of the page as it is."""
        self.watched.page.wait_for_timeout(after_ms)
        self.watched.page.screenshot(path=self.folder / f"{state}-{self.look.name}.png")


def take_conversation(album: Album) -> None:
    """The states that a conversation goes through."""
    watched, page = album.watched, album.watched.page
    page.locator(".st-key-starters").wait_for()
    album.take("empty")
    watched.ask(LEAVE)
    page.get_by_text("Reading").first.wait_for()
    album.take("searching", after_ms=100)
    page.get_by_text("Logbook").wait_for()
    album.take("streaming", after_ms=0)
    watched.answer()
    album.take("answered")
    page.locator(".st-key-follow_ups button").first.wait_for()
    album.take("follow-ups")
    page.get_by_role("button", name="Style").click()
    page.get_by_text("Step by step").wait_for()
    album.take("style")
    page.keyboard.press("Escape")
    _take_source(album, page)
    _take_account(album, page, "found")
    watched.ask("How is it for part-timers?")
    page.locator("details.verdict summary").click()
    album.take("doubtful")
    _take_account(album, page, "found-follow-up")
    page.get_by_role("button", name="Change").click()
    page.get_by_label("What you mean").scroll_into_view_if_needed()
    album.take("reword")
    page.get_by_role("button", name="Keep").click()
    watched.ask("How much does the company pay into my pension?")
    page.locator(".refusal").wait_for()
    album.take("not-found")
    page.locator(".hand-over summary").last.click()
    page.mouse.move(album.look.width / 2, album.look.height / 2)
    page.mouse.wheel(0, 4_000)
    album.take("hand-over")
    watched.ask("How do I buy additional days of leave?")
    page.get_by_text("Most of what the model wrote").wait_for()
    album.take("replaced")
    _take_account(album, page, "found-nothing")
    watched.ask("And at the end of the year, how much leave may I keep?")
    page.locator(".failure").wait_for()
    album.take("failed")
    watched.ask(LEAVE)
    page.locator(".st-key-live_answer").get_by_text("Logbook").first.wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Stopped.").wait_for()
    album.take("stopped")


def _take_account(album: Album, page: Page, state: str) -> None:
    page.get_by_role("button", name="How this was found").last.click()
    page.locator(".account").wait_for()
    album.take(state, after_ms=800)
    page.locator(".account table").scroll_into_view_if_needed()
    album.take(f"{state}-table")
    page.keyboard.press("Escape")
    page.locator(".account").wait_for(state="detached")


def _take_source(album: Album, page: Page) -> None:
    page.locator(".chip").first.hover()
    if album.look.width > 640:
        page.get_by_role("tooltip").wait_for()
        album.take("hover", after_ms=100)
    page.locator(".chip").first.click()
    page.locator(".source mark").first.wait_for()
    album.take("source", after_ms=1200)
    page.get_by_role("button", name="Close the source").click()
    page.locator(".source").wait_for(state="detached")


def take_documents(album: Album) -> None:
    """The library, its dialogs, an upload, and a document with its marked span."""
    page = album.watched.page
    page.locator("[data-testid=stDataFrame]").wait_for()
    album.take("documents", after_ms=1200)
    page.screenshot(path=album.folder / f"documents-whole-{album.look.name}.png", full_page=True)
    _take_dialogs(album, page)
    _take_upload(album, page)
    page.goto(page.url.split("/documents")[0] + "/document?id=2&start=600&end=760")
    page.locator(".document").wait_for()
    album.take("document", after_ms=800)
    page.get_by_label("Try a question").fill("How do I ask for leave?")
    page.get_by_label("Try a question").press("Enter")
    page.locator(".results").wait_for()
    page.locator(".results").scroll_into_view_if_needed()
    album.take("document-tried", after_ms=800)
    page.get_by_text("Show how it was cut").click()
    page.locator(".piece").first.wait_for()
    page.locator(".piece").first.scroll_into_view_if_needed()
    album.take("document-cut", after_ms=800)


def _take_dialogs(album: Album, page: Page) -> None:
    page.get_by_role("button", name="Follow a folder").click()
    page.get_by_role("textbox", name="Folder").fill(str(ROOT / "docs"))
    page.get_by_role("textbox", name="Folder").press("Tab")
    page.get_by_role("button", name="Preview").click()
    page.locator(".files li").first.wait_for(state="attached")
    album.take("follow", after_ms=800)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete collection").click()
    page.get_by_role("dialog").wait_for()
    album.take("delete", after_ms=800)
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("dialog").wait_for(state="detached")


def _take_upload(album: Album, page: Page) -> None:
    files = [{"name": f"minutes-{n}.md", "mimeType": "text/markdown", "buffer": f"# Minutes {n}\n\nWe met on day {n}.\n".encode() * 200} for n in range(1, 7)]  # fmt: skip
    broken = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 broken"}
    page.locator("input[type=file]").set_input_files([*files[:2], broken, *files[2:]])  # type: ignore[arg-type]
    page.get_by_role("button", name="Read 7 files in").click()
    page.locator(".st-key-jobs .files").wait_for()
    album.take("uploading", after_ms=600)
    page.locator(".st-key-outcome").wait_for()
    album.take("uploaded", after_ms=1000)


def take_check(album: Album) -> None:
    """A text before and after its check, with the source that says otherwise."""
    page = album.watched.page
    page.get_by_role("button", name="Check this text").wait_for()
    album.take("check-empty")
    page.get_by_role("button", name="Try it with").click()
    page.get_by_role("button", name="Check this text").click()
    page.locator(".compared").wait_for()
    page.locator(".verdict").first.scroll_into_view_if_needed()
    album.take("check", after_ms=800)
    page.get_by_role("button", name="Open the source").click()
    page.locator(".source mark").first.wait_for()
    album.take("check-source", after_ms=1200)


def take_reading(album: Album) -> None:
    """The first documents of a new home are being read in."""
    album.watched.page.locator(".st-key-reading").wait_for()
    album.take("reading")


def take_no_documents(album: Album) -> None:
    """A home with nothing in it."""
    album.watched.page.get_by_text("There are no documents yet").wait_for()
    album.take("no-documents")


def take_demo(album: Album) -> None:
    """The demonstration before and after its first question."""
    page = album.watched.page
    page.locator(".st-key-guided").wait_for(timeout=60_000)
    page.locator(".st-key-reading").wait_for(state="detached", timeout=180_000)
    album.take("demo")
    page.locator(".st-key-guided button").first.click()
    album.watched.answer()
    album.take("demo-answered")


def take(browser: Browser, app: App, look: Look, folder: Path, work: Callable[[Album], None], path: str = "/") -> None:
    """One pass over some states in one look."""
    with tab(browser, app, path, **look.options()) as watched:
        work(Album(folder, look, watched))


def take_states(browser: Browser, sample_home: Path, look: Look, folder: Path, work: Path) -> None:
    """Every state in one look."""
    home = Path(shutil.copytree(sample_home, work / look.name / "home"))
    with ScriptedEndpoint(SCRIPTS) as endpoint, served(home, OPENAI_BASE_URL=endpoint.url) as app:
        take(browser, app, look, folder, take_conversation)
        take(browser, app, look, folder, take_check, "/check")
        take(browser, app, look, folder, take_documents, "/documents")
    with served(work / look.name / "new") as app:
        take(browser, app, look, folder, take_reading)
    with served(work / look.name / "bare", CITEWELL_SAMPLE="0") as app:
        take(browser, app, look, folder, take_no_documents)
    with served(work / look.name / "demo", CITEWELL_DEMO="1") as app:
        take(browser, app, look, folder, take_demo)


def take_library_picture(browser: Browser, sample_home: Path, work: Path) -> None:
    """The library with ten thousand documents in it."""
    home = Path(shutil.copytree(sample_home, work / "library" / "home"))
    add_many_documents(Settings.read(home=home, sample=False), MANY, collection="Works archive")
    options = {"viewport": {"width": 1280, "height": 1080}}
    with served(home) as app, tab(browser, app, "/documents", **options) as watched:
        page = watched.page
        page.get_by_test_id("stDataFrame").wait_for()
        page.get_by_test_id("stRadioOption").last.click()
        page.get_by_role("heading", name="Works archive").wait_for()
        page.get_by_role("combobox", name="Sort by").last.click()
        page.get_by_role("option", name="Dated, newest first").click()
        page.mouse.move(640, 300)
        page.wait_for_timeout(2500)
        page.screenshot(path=ROOT / "docs" / "img" / "library.png")


def take_readme_picture(browser: Browser, sample_home: Path, work: Path) -> None:
    """Question, chip, marked passage: quoted from the documents, no model behind it."""
    home = Path(shutil.copytree(sample_home, work / "readme" / "home"))
    options = {"viewport": {"width": 1280, "height": 720}, "device_scale_factor": 1.5}
    with served(home) as app, tab(browser, app, **options) as watched:
        watched.ask(README_QUESTION)
        watched.answer()
        watched.page.locator(".chip").first.click()
        watched.page.locator(".source mark").first.wait_for()
        watched.page.mouse.move(640, 600)
        watched.page.wait_for_timeout(1200)
        picture = ROOT / "docs" / "img" / "chat.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        watched.page.screenshot(path=picture)


def main() -> None:
    """Make the pictures that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "screenshots", help="where the states go")
    choices = ["readme", "library", *(look.name for look in LOOKS)]
    parser.add_argument("--only", choices=choices, help="one look alone, or one picture of the docs")
    chosen = parser.parse_args()
    chosen.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, chromium() as browser:
        work = Path(directory)
        sample_home = read_sample_company(work / "sample")
        for look in LOOKS:
            if chosen.only in {None, look.name}:
                take_states(browser, sample_home, look, chosen.to, work)
        if chosen.only in {None, "readme"}:
            take_readme_picture(browser, sample_home, work)
        if chosen.only in {None, "library"}:
            take_library_picture(browser, sample_home, work)


if __name__ == "__main__":
    main()

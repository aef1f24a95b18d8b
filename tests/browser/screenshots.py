"""Makes a picture of every state of the page, light, dark and narrow, from the running app; `make screenshots`.

They are for looking at after a change; `--to` says where they go. The few pictures of the docs, docs/img/, are
made by the same run.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from assistant.bootstrap import open_citewell
from assistant.settings import Settings
from benchmarks.insights import fill
from tests.assistant.gap_questions import TOPICS
from tests.browser.conftest import read_sample_company
from tests.browser.many_documents import add_many_documents
from tests.browser.pictures_of_triage import take_pictures
from tests.browser.serving import ROOT, App, Served, chromium, served, serving, tab
from tests.browser.states import WALKS, Walk

README_QUESTION = "What is the daily meal allowance on a business trip in the country?"
MANY, EVENTS = 10_000, 20_000
SETTLE_MS = 700
"""Movements are over by then."""


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


def take_walk(browser: Browser, app: App, walk: Walk, look: Look, folder: Path) -> None:
    """A picture of each state of a walk."""
    with tab(browser, app, walk.path, **look.options()) as watched:
        for state in walk.states:
            if state.on == "wide" and look.width <= 640:
                continue
            state.reach(watched)
            passing = state.name in {"searching", "streaming", "uploading"}
            watched.page.wait_for_timeout(100 if passing else SETTLE_MS)
            watched.page.screenshot(path=folder / f"{state.name}-{look.name}.png")


def take_states(
    browser: Browser, sample_home: Path, looks: Sequence[Look], walks: Sequence[Walk], folder: Path
) -> None:
    """Every state of these walks in each look, over a fresh home where a walk changes it."""
    with tempfile.TemporaryDirectory() as directory:
        for kind in dict.fromkeys(walk.served for walk in walks):
            chosen = [walk for walk in walks if walk.served == kind]
            for number, group in enumerate(_sharing(kind, looks)):
                with serving(kind, sample_home, Path(directory) / f"{kind}-{number}") as app:
                    for look in group:
                        for walk in chosen:
                            take_walk(browser, app, walk, look, folder)


def _sharing(kind: Served, looks: Sequence[Look]) -> Sequence[Sequence[Look]]:
    """The looks that one running app can serve."""
    return [looks] if kind in ("empty home", "demo") else [[look] for look in looks]


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
        watched.page.screenshot(path=ROOT / "docs" / "img" / "chat.png")


def take_gaps_picture(browser: Browser, sample_home: Path, work: Path) -> None:
    """What the sample company's documents do not say, after some have asked."""
    home = Path(shutil.copytree(sample_home, work / "gaps" / "home"))
    with served(home) as app, tab(browser, app, viewport={"width": 1280, "height": 720}) as watched:
        page = watched.page
        for topic in ("gym", "dogs", "pension"):
            for question in TOPICS[topic]:
                page.get_by_role("button", name="New chat").click()
                page.locator(".st-key-starters").wait_for()
                watched.ask(question)
                page.locator(".refusal").wait_for()
        page.get_by_role("link", name="Gaps").click()
        page.locator(".st-key-gap_list button").nth(2).wait_for()
        page.mouse.move(640, 700)
        page.wait_for_timeout(1200)
        page.screenshot(path=ROOT / "docs" / "img" / "gaps.png")


def take_evaluation_picture(browser: Browser, sample_home: Path, work: Path) -> None:
    """What answers now beside words alone, the questions that changed first."""
    home = Path(shutil.copytree(sample_home, work / "evaluation" / "home"))
    options = {"viewport": {"width": 1280, "height": 1080}}
    with served(home) as app, tab(browser, app, "/evaluation", **options) as watched:
        page = watched.page
        page.get_by_text("Two runs side by side").wait_for()
        page.get_by_role("table").first.wait_for()
        page.mouse.move(640, 200)
        page.wait_for_timeout(1500)
        page.screenshot(path=ROOT / "docs" / "img" / "evaluation.png")


def take_triage_pictures(browser: Browser, sample_home: Path, work: Path) -> None:
    """The support desk, from the table that is brought in to the figures."""
    home = Path(shutil.copytree(sample_home, work / "triage" / "home"))
    options = {"viewport": {"width": 1440, "height": 900}}
    with served(home) as app, tab(browser, app, **options) as watched:
        take_pictures(watched, ROOT / "docs" / "img", SETTLE_MS)


def take_insights_picture(browser: Browser, sample_home: Path, work: Path) -> None:
    """The insights after a month of many questions."""
    home = Path(shutil.copytree(sample_home, work / "insights" / "home"))
    with closing(open_citewell(Settings.read(home=home, sample=False))) as citewell:
        fill(citewell, EVENTS)
    options = {"viewport": {"width": 1280, "height": 1080}}
    with served(home) as app, tab(browser, app, "/insights", **options) as watched:
        watched.page.locator(".plot").nth(3).wait_for()
        watched.page.wait_for_timeout(2500)
        watched.page.screenshot(path=ROOT / "docs" / "img" / "insights.png")


DOCS = {
    "readme": take_readme_picture,
    "library": take_library_picture,
    "gaps": take_gaps_picture,
    "evaluation": take_evaluation_picture,
    "triage": take_triage_pictures,
    "insights": take_insights_picture,
}


def main() -> None:
    """Make the pictures that were asked for; all of them where nothing was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "screenshots", help="where the states go")
    parser.add_argument("--look", action="append", choices=[look.name for look in LOOKS], help="these looks alone")
    parser.add_argument("--walk", action="append", choices=[walk.name for walk in WALKS], help="these states alone")
    parser.add_argument("--docs", action="append", choices=list(DOCS), help="these pictures of the docs alone")
    chosen = parser.parse_args()
    chosen.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, chromium() as browser:
        sample_home = read_sample_company(Path(directory) / "sample")
        if not chosen.docs:
            looks = [look for look in LOOKS if not chosen.look or look.name in chosen.look]
            walks = [walk for walk in WALKS if not chosen.walk or walk.name in chosen.walk]
            take_states(browser, sample_home, looks, walks, chosen.to)
        if not chosen.look and not chosen.walk:
            for name in chosen.docs or DOCS:
                DOCS[name](browser, sample_home, Path(directory))


if __name__ == "__main__":
    main()

"""Plays the five questions of the demonstration, in order, in a browser; prints what came of it as JSON.

Run by test_demo.py inside a network that has nothing but loopback.
"""

import json
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.serving import Watched, chromium, served, tab

_READING_S = 180


def play(watched: Watched) -> list[dict[str, object]]:
    """Press the five buttons; what each answer showed."""
    page = watched.page
    page.get_by_text("Reset", exact=True).wait_for()
    expect(page.locator(".st-key-reading")).to_have_count(0, timeout=_READING_S * 1000)
    page.locator(".st-key-guided").get_by_role("button").first.click()
    shown = [_shown(page, 0)]
    for index in range(1, 5):
        page.locator(".st-key-guided_row").get_by_role("button").locator("visible=true").nth(index).click()
        shown.append(_shown(page, index))
    return shown


def _shown(page: Page, index: int) -> dict[str, object]:
    answer = page.locator(".answer").nth(index)
    answer.wait_for(timeout=60_000)
    return {
        "question": page.locator(".question").nth(index).inner_text(),
        "chips": answer.locator(".chip").count(),
        "refused": answer.locator(".refusal").count() == 1,
        "notice": " ".join(answer.locator(".notice").all_inner_texts()),
    }


def check_a_reply(page: Page) -> dict[str, object]:
    """The last step: a reply with one wrong figure; what the page said of it."""
    page.locator(".st-key-guided_row_check button").locator("visible=true").click()
    page.get_by_role("button", name="Check this text").click()
    why = page.locator(".answer .why")
    why.first.wait_for(timeout=60_000)
    shown = {"doubts": why.count(), "differs": why.locator("b").all_inner_texts()}
    page.get_by_role("link", name="Ask").click()
    page.locator(".st-key-guided_row").wait_for()
    return shown


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "unused"
        with (
            served(home, CITEWELL_DEMO="1", TMPDIR=directory) as app,
            chromium() as browser,
            tab(browser, app) as watched,
        ):
            shown = play(watched)
            checked = check_a_reply(watched.page)
            own = watched.page.locator(".threads a").first.get_attribute("href") or ""
            with tab(browser, app, own.removeprefix(app.url)) as other:
                refused = other.page.locator(".st-key-problem").inner_text()
                other.page.get_by_text("Five questions").wait_for()
                threads_of_another = other.page.locator(".threads a").count()
            watched.page.get_by_role("button", name="Reset").click()
            watched.page.get_by_text("Five questions").wait_for()
            left = watched.page.locator(".threads a").count()
            result = {
                "shown": shown,
                "checked": checked,
                "foreign": list(watched.foreign),
                "complaints": list(watched.complaints),
                "thread": own,
                "thread_for_another": refused,
                "threads_of_another": threads_of_another,
                "threads_after_reset": left,
            }
            app.end()
        print(json.dumps({**result, "homes_kept": len(list(Path(directory).glob("citewell-demo-*")))}))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()

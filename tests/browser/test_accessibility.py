"""axe-core finds nothing serious in any state of the page, light or dark, and nothing is cut off at 375 px."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import Known, findings
from tests.browser.serving import App, Served, serving, tab
from tests.browser.states import WALKS, Walk, connection_lost

_GLIDE_MS = 350
KNOWN: tuple[Known, ...] = ()
_OVERFLOWING = """() => [document.scrollingElement, ...document.querySelectorAll(
  "[data-testid=stMain], [data-testid=stBottom], [role=dialog]")].filter(
    (box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.outerHTML.slice(0, 80))"""
_HAS_STYLE = "() => getComputedStyle(document.documentElement).getPropertyValue('--cw-quiet') !== ''"
_IS_ON_TOP = """(element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
}"""


@pytest.fixture(scope="module")
def apps(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Served, App]]:
    """The apps that the states are served by, but for those that must be fresh."""
    folder = tmp_path_factory.mktemp("states")
    with (
        serving("model", sample_home, folder / "model") as model,
        serving("empty home", sample_home, folder / "empty") as empty,
        serving("demo", sample_home, folder / "demo") as demo,
    ):
        yield {"model": model, "empty home": empty, "demo": demo}


def chosen() -> list[object]:
    """The walks, but for the first start, which is over too soon to be looked at, and the one that ends its app."""
    shared = [walk for walk in WALKS if walk.served not in {"new home", "until it ends"}]
    return [pytest.param(walk, id=walk.name.replace(" ", "-")) for walk in shared]


@pytest.mark.parametrize("walk", chosen())
def test_axe_finds_nothing_serious_in_light_or_dark(browser: Browser, apps: dict[Served, App], walk: Walk) -> None:
    # So tall that the input at the bottom covers nothing that could be scrolled away from it.
    options = {"color_scheme": "light", "viewport": {"width": 1280, "height": 2400}}
    found: list[str] = []
    with tab(browser, apps[walk.served], walk.path, **options) as watched:
        for state in walk.states:
            state.reach(watched)
            watched.page.wait_for_function(_HAS_STYLE)  # What is seen before it comes has Streamlit's own colours.
            for scheme in ("light", "dark"):
                turn(watched.page, scheme)
                found += (
                    f"{state.name}, {scheme}: {each}" for each in findings(watched.page) if not each.is_known(KNOWN)
                )
            turn(watched.page, "light")
    assert not found, "\n".join(found)


def turn(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Into the other theme, as when the system's changes in the evening; its colours glide."""
    page.emulate_media(color_scheme=scheme)
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
    page.wait_for_timeout(_GLIDE_MS)


@pytest.mark.parametrize("walk", chosen())
def test_nothing_scrolls_sideways_at_375_px(browser: Browser, apps: dict[Served, App], walk: Walk) -> None:
    with tab(browser, apps[walk.served], walk.path, viewport={"width": 375, "height": 760}) as watched:
        for state in walk.states:
            if state.on != "wide":
                state.reach(watched)
                assert overflowing(watched.page) == [], state.name


def overflowing(page: Page) -> list[str]:
    """The boxes of the page that are wider than what is seen of them."""
    boxes: list[str] = page.evaluate(_OVERFLOWING)
    return boxes


def test_a_lost_connection_is_said_and_what_was_read_stays(browser: Browser, sample_home: Path, tmp_path: Path) -> None:
    with serving("until it ends", sample_home, tmp_path) as app, tab(browser, app) as watched:
        connection_lost(watched)
        page = watched.page
        expect(page.locator(".cw-connection")).to_contain_text("tries again by itself")
        assert page.locator(".cw-connection").evaluate(_IS_ON_TOP)
        page.wait_for_timeout(3_000)  # until Streamlit would have laid its dialog over the page
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".answer")).to_contain_text("28 days")
        page.locator(".verdict.red > summary").click()
        expect(page.locator(".verdict.red li").first).to_be_visible()
        assert not [each for each in findings(page) if not each.is_known(KNOWN)]

"""Citewell without a mouse and without seeing it: what the keyboard reaches, where the focus goes, what is said."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.assistant.scripted_endpoint import ScriptedEndpoint
from tests.browser.conftest import copy_of
from tests.browser.replies import LEAVE, PENSION, SLOWLY, reply_to
from tests.browser.serving import App, Watched, served, tab

MOST_STOPS = 60
_HAS_FOCUS = "element => element.getRootNode().activeElement === element"
# What has the focus, through shadow roots, where nothing on it or around it looks other than without the focus.
_UNSEEN_FOCUS = """async () => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  // The table draws its own ring around a cell, on its canvas; the cells in it are for screen readers.
  if (!at || at === document.body || at.matches("canvas, canvas *")) return null;
  const looks = () => {
    const found = [];
    for (let box = at, level = 0; box && level < 6; box = box.parentElement, level++) {
      const style = getComputedStyle(box);
      found.push(style.outline, style.boxShadow, style.borderColor, style.backgroundColor);
    }
    return found.join();
  };
  const focused = looks();
  at.blur();
  await new Promise((done) => setTimeout(done, 300));
  const isSeen = looks() !== focused;
  at.focus({preventScroll: true, focusVisible: true});
  return isSeen ? null : at.outerHTML.slice(0, 200);
}"""
_LISTEN = """() => {
  window.heard = [];
  const region = document.querySelector(".st-key-announcement [data-testid=stBidiComponentRegular]")
    ?? [...document.querySelectorAll(".st-key-announcement *")].find((element) => element.shadowRoot);
  const root = region.shadowRoot ?? region;
  new MutationObserver(() => {
    const text = root.querySelector("[role=status]")?.textContent;
    if (text && text !== window.heard.at(-1)) window.heard.push(text);
  }).observe(root, {subtree: true, childList: true, characterData: true});
}"""


@pytest.fixture(scope="module")
def model_app(sample_home: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with a model that takes its time."""
    home = copy_of(sample_home, tmp_path_factory.mktemp("keyboard"))  # type: ignore[arg-type]
    with ScriptedEndpoint(reply_to) as endpoint, served(home, OPENAI_BASE_URL=endpoint.url) as running:
        yield running


def chat_input(page: Page) -> Locator:
    return page.get_by_test_id("stChatInput").locator("textarea")


def go_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Press Tab until the target has the focus."""
    target.wait_for()
    for _ in range(MOST_STOPS):
        if target.evaluate(_HAS_FOCUS):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{MOST_STOPS} presses of {key} do not reach {target}")


def test_ask_read_a_source_open_a_document_and_come_back_by_keyboard_alone(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        page = watched.page
        go_to(page, chat_input(page))
        page.keyboard.type("How many days of annual leave do I have?")
        page.keyboard.press("Enter")
        watched.answer()
        expect(chat_input(page)).to_be_focused()
        chip = page.locator(".chip").first
        go_to(page, chip, key="Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".source h2")).to_be_focused()
        page.keyboard.press("Escape")
        expect(chip).to_be_focused()
        go_to(page, page.get_by_role("link", name="Documents", exact=True))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_visible()
        open_first_document(page)
        expect(page.locator(".document")).to_be_visible()
        go_to(page, page.get_by_role("button", name="All documents"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_visible()
        go_to(page, page.get_by_role("link", name="Ask", exact=True))
        page.keyboard.press("Enter")
        expect(page.locator(".answer")).to_contain_text("26 days")


def open_first_document(page: Page) -> None:
    """Into the table, select its first row, open it."""
    table = page.get_by_test_id("stDataFrame").locator("canvas[data-testid=data-grid-canvas]")
    go_to(page, table)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    opens = page.locator(".st-key-open_selected button")
    opens.wait_for()
    go_to(page, opens, key="Shift+Tab")
    page.keyboard.press("Enter")


@pytest.mark.parametrize("path", ["/", "/documents", "/check", "/document?id=2"])
def test_wherever_the_focus_is_it_can_be_seen(browser: Browser, app: App, path: str) -> None:
    with tab(browser, app, path) as watched:
        page = watched.page
        page.get_by_test_id("stSidebar").get_by_role("link", name="Ask").wait_for()
        page.get_by_test_id("stMain").get_by_role("heading").first.wait_for()
        page.wait_for_timeout(500)
        unseen = set()
        for _ in range(25):
            page.keyboard.press("Tab")
            page.wait_for_timeout(300)  # until colours have changed
            unseen.add(page.evaluate(_UNSEEN_FOCUS))
        assert unseen == {None}


def test_the_focus_of_a_button_that_is_gone_goes_to_the_input(browser: Browser, model_app: App) -> None:
    with tab(browser, model_app) as watched:
        page = watched.page
        go_to(page, page.locator(".st-key-starters button").first)
        page.keyboard.press("Enter")
        watched.answer()
        expect(chat_input(page)).to_be_focused()
        page.keyboard.type(SLOWLY)
        page.keyboard.press("Enter")
        expect(page.locator(".st-key-live_answer")).to_contain_text("Logbook")
        go_to(page, watched.stop_button, key="Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".answer .notice").last).to_contain_text("Stopped")
        expect(chat_input(page)).to_be_focused()


def heard(watched: Watched) -> list[str]:
    """What the live region has said."""
    texts: list[str] = watched.page.evaluate("window.heard")
    return texts


def test_a_screen_reader_hears_the_stages_and_how_the_answer_stands(browser: Browser, model_app: App) -> None:
    with tab(browser, model_app) as watched:
        watched.page.locator(".st-key-starters").wait_for()
        watched.page.locator(".st-key-announcement [role=status]").wait_for(state="attached")
        watched.page.evaluate(_LISTEN)
        watched.ask(LEAVE)
        watched.answer()
        watched.page.wait_for_function("() => window.heard.at(-1)?.startsWith('Answer ready')")
        stages = heard(watched)
        assert stages[0].startswith("Searching") or stages[0].startswith("Reading")
        assert stages[-2] == "Answering"
        assert "1 source, every statement supported. Everyone who works full time has 26 days" in stages[-1]
        watched.ask(PENSION)
        watched.page.wait_for_function("() => window.heard.at(-1)?.includes('do not say')")


def test_the_page_names_its_language_and_its_title(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        expect(watched.page.locator("html")).to_have_attribute("lang", "en")
        expect(watched.page).to_have_title("Ask · Citewell")


def test_who_wants_less_movement_gets_none(browser: Browser, model_app: App) -> None:
    with tab(browser, model_app, reduced_motion="reduce") as watched:
        watched.ask(SLOWLY)
        shimmer = watched.page.locator(".stMarkdownShimmer").first
        shimmer.wait_for()
        moving = "() => document.getAnimations().filter((a) => a.playState === 'running' && a.effect.getComputedTiming().iterations === Infinity).length"
        assert watched.page.evaluate(moving) == 0
        watched.stop_button.click()
        watched.answer()

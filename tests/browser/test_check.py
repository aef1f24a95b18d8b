"""A text is checked in real Chromium: paste, read what the source says instead, open it, take it along."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import App, Watched, tab

RIGHT = "Driving your own car is paid at 45p a mile."
REPLY = f"Hi Rowan,\n\nthe daily meal allowance is £58 for a full day in the country. {RIGHT}\n\nKind regards,\nMaud"


def check(watched: Watched, text: str) -> None:
    """Paste a text into the page and have it checked."""
    page = watched.page
    page.get_by_role("link", name="Check a text").click()
    page.get_by_role("textbox", name="Text to check").fill(text)
    page.get_by_role("button", name="Check this text").click()
    page.locator(".answer .verdict").first.wait_for()


def why(page: Page) -> list[str]:
    """What is marked on the two sides of the only comparison."""
    return page.locator(".why").locator("b").all_inner_texts()


def test_a_wrong_figure_is_shown_beside_the_right_one_and_its_source_opens(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        page = watched.page
        check(watched, REPLY)
        expect(page.locator(".verdict").first).to_contain_text("1 of 2 statements supported, 1 contradicted")
        assert why(page) == ["£58", "£56"]
        page.get_by_role("button", name="Open the source").click()
        expect(page.locator(".source mark").first).to_contain_text("£56")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Open the source")).to_be_focused()
        assert (watched.foreign, watched.complaints) == ([], [])


def test_the_mark_behind_a_sentence_leads_to_its_reason_by_keyboard(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        page = watched.page
        check(watched, REPLY)
        page.locator(".why summary").click()
        expect(page.locator(".compared")).to_be_hidden()
        page.get_by_role("button", name="Contradicted by its source. Why?").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".compared")).to_be_visible()
        expect(page.locator(".why summary")).to_be_focused()


def test_the_document_opens_and_leads_back_to_the_text(browser: Browser, app: App) -> None:
    with tab(browser, app) as watched:
        page = watched.page
        check(watched, RIGHT)
        page.locator(".chip").click()
        page.get_by_role("link", name="Open document").click()
        expect(page.locator(".document mark").first).to_contain_text("45p")
        page.get_by_role("button", name="Back to the text").click()
        expect(page.locator(".verdict").first).to_contain_text("supported")
        expect(page.get_by_role("textbox", name="Text to check")).to_have_value(RIGHT)


def test_the_text_is_taken_along_with_its_sources(browser: Browser, app: App) -> None:
    with tab(browser, app, permissions=["clipboard-read", "clipboard-write"]) as watched:
        check(watched, REPLY)
        watched.page.get_by_role("button", name="Copy with sources").click()
        watched.page.get_by_text("Copied").wait_for()
        copied = watched.page.evaluate("navigator.clipboard.readText()")
        assert "£58 for a full day in the country. [1] Driving" in copied
        assert "[2] Travel and expenses policy" in copied


def test_a_narrow_screen_has_nothing_beside_its_edge(browser: Browser, app: App) -> None:
    with tab(browser, app, "/check", viewport={"width": 375, "height": 760}) as watched:
        page = watched.page
        page.get_by_role("textbox", name="Text to check").fill(REPLY)
        page.get_by_role("button", name="Check this text").click()
        expect(page.locator(".verdict").first).to_be_in_viewport()
        width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert width <= 375

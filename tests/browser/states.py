"""Every state of the page as a table: where it is served, and how each state is reached from the one before.

Pictures are made of them (screenshots.py); in test_accessibility.py they are looked over by axe-core and at 375 px.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Page, expect

from tests.browser.replies import ALL_STAFF, BOLTS, BUY, CARRY, LEAVE, MEALS, PART_TIME, PENSION, SLOWLY
from tests.browser.serving import ROOT, Served, Watched
from tests.browser.states_of_evaluation import EVALUATION
from tests.browser.states_of_gaps import GAPS
from tests.browser.states_of_insights import INSIGHTS, nothing_asked
from tests.browser.states_of_settings import ADMINISTRATION, settings, settings_erase, settings_model, settings_rules
from tests.browser.states_of_triage import TRIAGE
from tests.browser.states_of_verified import VERIFIED

# How each state is reached -----------------------------------------------------------------------


def welcome(watched: Watched) -> None:
    watched.page.locator(".st-key-starters").wait_for()


def filters(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Filters").click()
    watched.page.get_by_label("Title has").wait_for()


def style(watched: Watched) -> None:
    watched.page.keyboard.press("Escape")
    watched.page.get_by_role("button", name="Style").click()
    watched.page.get_by_text("Step by step").wait_for()


def searching(watched: Watched) -> None:
    watched.page.keyboard.press("Escape")
    watched.ask(LEAVE)
    watched.page.get_by_text("Reading").first.wait_for()


def streaming(watched: Watched) -> None:
    watched.page.locator(".st-key-live_answer").get_by_text("Logbook").first.wait_for()


def answered(watched: Watched) -> None:
    watched.answer()
    watched.page.locator(".st-key-follow_ups button").first.wait_for()


def hover(watched: Watched) -> None:
    watched.page.locator(".chip").first.hover()
    watched.page.get_by_role("tooltip").wait_for()


def source(watched: Watched) -> None:
    watched.page.locator(".chip").first.click()
    watched.page.locator(".source mark").first.wait_for()


def found(watched: Watched) -> None:
    if watched.page.locator(".source").count():
        watched.page.get_by_role("button", name="Close the source").click()
        watched.page.locator(".source").wait_for(state="detached")
    watched.page.get_by_role("button", name="How this was found").last.click()
    watched.page.locator(".account").wait_for()


def found_table(watched: Watched) -> None:
    watched.page.locator(".account table").scroll_into_view_if_needed()


def unsupported(watched: Watched) -> None:
    _close_dialog(watched.page)
    watched.ask(PART_TIME)
    watched.page.locator("details.verdict summary").first.click()


def reword(watched: Watched) -> None:
    _close_dialog(watched.page)
    watched.page.get_by_role("button", name="Change").click()
    watched.page.get_by_label("What you mean").scroll_into_view_if_needed()


def contradicted(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Keep").click()
    watched.ask(ALL_STAFF)
    watched.page.locator("details.verdict.red > summary").click()
    watched.page.locator("details.verdict.red .why > summary").first.click()


def not_found(watched: Watched) -> None:
    watched.ask(PENSION)
    watched.page.locator(".refusal").wait_for()


def hand_over(watched: Watched) -> None:
    watched.page.locator(".hand-over summary").last.click()
    watched.page.locator(".hand-over .letter").last.scroll_into_view_if_needed()


def replaced(watched: Watched) -> None:
    watched.ask(BUY)
    watched.page.get_by_text("Most of what the model wrote").wait_for()


def failed(watched: Watched) -> None:
    watched.ask(CARRY)
    watched.page.locator(".failure").wait_for()


def stopped(watched: Watched) -> None:
    watched.ask(SLOWLY)
    watched.page.locator(".st-key-live_answer").get_by_text("Logbook").first.wait_for()
    watched.stop_button.click()
    watched.page.get_by_text("Stopped.").wait_for()


def printed(watched: Watched) -> None:
    watched.ask(MEALS)
    watched.answer()
    watched.page.locator(".chip").first.click()
    watched.page.locator(".printed img").wait_for()


def versions(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Close the source").click()
    watched.page.get_by_role("button", name="Ask again").click()
    watched.page.locator(".answer").get_by_role("group", name="Versions").wait_for()


def edit_question(watched: Watched) -> None:
    watched.page.locator(".question").last.hover()
    watched.page.get_by_role("button", name="Edit the question").last.click()
    watched.page.get_by_role("textbox", name="The question, put differently").wait_for()


def feedback(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Cancel").click()
    watched.page.get_by_role("button", name="Not helpful", exact=True).click()
    watched.page.get_by_role("radio", name="Wrong").wait_for()


def export(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Not helpful", exact=True).click()
    watched.page.get_by_role("button", name="Export", exact=True).click()
    watched.page.get_by_role("button", name="Markdown", exact=True).wait_for()


def share(watched: Watched) -> None:
    watched.page.keyboard.press("Escape")
    watched.page.get_by_role("button", name="Share", exact=True).click()
    watched.page.get_by_role("button", name="Make a link").click()
    watched.page.locator("[data-testid=stCode] code").first.wait_for()


def shared(watched: Watched) -> None:
    link = watched.page.locator("[data-testid=stCode] code").first.inner_text().strip()
    watched.page.goto(f"{watched.app.url}/shared?{link.partition('?')[2]}")
    watched.answer()


def document_pdf(watched: Watched) -> None:
    printed(watched)
    watched.page.get_by_role("link", name="Open document").click()
    watched.page.locator(".document .page-start").first.wait_for()


def narrowed(watched: Watched) -> None:
    filters(watched)
    watched.page.get_by_label("Title has").fill("survey")
    watched.page.get_by_label("Title has").press("Enter")
    watched.page.locator(".st-key-chip_title button").wait_for()
    watched.page.keyboard.press("Escape")


def attached(watched: Watched) -> None:
    watched.page.goto(watched.app.url)
    welcome(watched)
    survey = b"# Site survey\n\nThe mast on Farholm is anchored with nine bolts and stands 14 metres above the shore.\n"
    file = {"name": "survey.md", "mimeType": "text/markdown", "buffer": survey}
    chat_input = watched.page.get_by_test_id("stChatInput")
    chat_input.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    expect(chat_input).to_contain_text("survey.md")
    watched.ask(BOLTS)
    watched.answer()
    watched.page.locator(".st-key-attached button").wait_for()


def source_gone(watched: Watched) -> None:
    watched.page.locator(".st-key-attached button").click()
    watched.page.locator(".chip.gone").click()
    watched.page.locator(".source .notice").wait_for()


def threads_found(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Close the source").click()
    _open_sidebar(watched.page)
    watched.page.get_by_label("Search conversations").fill("bolts")
    watched.page.locator(".threads .around").first.wait_for()


def thread_menu(watched: Watched) -> None:
    watched.page.get_by_label("Search conversations").fill("")
    watched.page.get_by_role("region", name="Today").wait_for()
    watched.page.locator(".threads a").first.hover()
    watched.page.get_by_role("button", name="What to do with").first.click()
    watched.page.get_by_role("menuitem", name="Rename", exact=True).wait_for()


def thread_renamed(watched: Watched) -> None:
    watched.page.get_by_role("menuitem", name="Rename", exact=True).click()
    watched.page.get_by_label("New name").wait_for()


def thread_deleted(watched: Watched) -> None:
    watched.page.get_by_label("New name").press("Escape")
    watched.page.get_by_role("button", name="What to do with").first.click()
    watched.page.get_by_role("menuitem", name="Delete", exact=True).click()
    watched.page.get_by_role("button", name="Undo").wait_for()


def threads_archived(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Archived").click()
    watched.page.get_by_role("button", name="Back to conversations").wait_for()


def _open_sidebar(page: Page) -> None:
    expand = page.get_by_test_id("stExpandSidebarButton")
    if expand.is_visible():
        expand.click()
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click(trial=True)


def connection_lost(watched: Watched) -> None:
    watched.ask(ALL_STAFF)
    watched.answer()
    watched.app.process.kill()
    watched.page.locator(".cw-connection").wait_for()


def not_shared(watched: Watched) -> None:
    watched.page.get_by_text("This conversation is not shared").wait_for()


def check_empty(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Check this text").wait_for()


def checked(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Try it with").click()
    expect(watched.page.get_by_role("textbox", name="Text to check")).not_to_have_value("")
    watched.page.get_by_role("button", name="Check this text").click()
    watched.page.locator(".compared").wait_for()
    watched.page.locator(".verdict").first.scroll_into_view_if_needed()


def checked_source(watched: Watched) -> None:
    watched.page.get_by_role("button", name="Open the source").click()
    watched.page.locator(".source mark").first.wait_for()


def documents(watched: Watched) -> None:
    watched.page.locator("[data-testid=stDataFrame]").wait_for()
    watched.page.wait_for_timeout(700)


def documents_table(watched: Watched) -> None:
    watched.page.locator("[data-testid=stDataFrame]").scroll_into_view_if_needed()


def new_collection(watched: Watched) -> None:
    watched.page.get_by_role("button", name="New collection").click()
    watched.page.get_by_role("dialog").wait_for()


def follow_folder(watched: Watched) -> None:
    _close_dialog(watched.page)
    watched.page.get_by_role("button", name="Follow a folder").click()
    watched.page.get_by_role("textbox", name="Folder").fill(str(ROOT / "docs"))
    watched.page.get_by_role("textbox", name="Folder").press("Tab")
    watched.page.get_by_role("button", name="Preview").click()
    watched.page.locator(".files li").first.wait_for(state="attached")


def delete_collection(watched: Watched) -> None:
    _close_dialog(watched.page)
    watched.page.get_by_role("button", name="Delete collection").click()
    watched.page.get_by_role("dialog").wait_for()


def uploading(watched: Watched) -> None:
    _close_dialog(watched.page)
    now_ns = time.time_ns()  # What has been read in before is over too soon to be seen.
    files = [{"name": f"minutes-{n}.md", "mimeType": "text/markdown", "buffer": f"# Minutes {n}\n\nWe met on day {n} of {now_ns}.\n".encode() * 200} for n in range(1, 7)]  # fmt: skip
    broken = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 broken"}
    watched.page.locator("input[type=file]").set_input_files([*files[:2], broken, *files[2:]])  # type: ignore[arg-type]
    watched.page.get_by_role("button", name="Read 7 files in").click()
    watched.page.locator(".st-key-jobs .files").wait_for()


def uploaded(watched: Watched) -> None:
    watched.page.locator(".st-key-outcome").wait_for()


def document(watched: Watched) -> None:
    watched.page.locator(".document").wait_for()
    watched.page.wait_for_timeout(300)


def document_tried(watched: Watched) -> None:
    watched.page.get_by_label("Try a question").fill("How do I ask for leave?")
    watched.page.get_by_label("Try a question").press("Enter")
    watched.page.locator(".results").wait_for()
    watched.page.locator(".results").scroll_into_view_if_needed()


def document_cut(watched: Watched) -> None:
    watched.page.get_by_text("Show how it was cut").click()
    watched.page.locator(".piece").first.wait_for()
    watched.page.locator(".piece").first.scroll_into_view_if_needed()


def no_document(watched: Watched) -> None:
    watched.page.get_by_text("This document is not here any more").wait_for()


def reading(watched: Watched) -> None:
    watched.page.locator(".st-key-reading").wait_for()


def no_documents(watched: Watched) -> None:
    watched.page.get_by_text("There are no documents yet").wait_for()


def nothing_to_check(watched: Watched) -> None:
    watched.page.get_by_text("There are none to check against yet").wait_for()


def demo(watched: Watched) -> None:
    watched.page.locator(".st-key-guided").wait_for(timeout=60_000)
    watched.page.locator(".st-key-reading").wait_for(state="detached", timeout=180_000)


def demo_answered(watched: Watched) -> None:
    watched.page.locator(".st-key-guided button").first.click()
    watched.answer()


def _close_dialog(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("dialog").wait_for(state="detached")


# The table ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """A state of the page, and how it is reached from the one before; the first one, from the page as it opens."""

    name: str
    reach: Callable[[Watched], None]
    on: Literal["any width", "wide"] = "any width"
    """`wide`: what needs a mouse."""


@dataclass(frozen=True, slots=True)
class Walk:
    """States that follow one another in one tab."""

    name: str
    served: Served
    path: str
    states: tuple[State, ...]


WALKS = (
    Walk(
        "chat",
        "model",
        "/",
        (
            State("empty", welcome),
            State("filters", filters),
            State("style", style),
            State("searching", searching),
            State("streaming", streaming),
            State("answered", answered),
            State("hover", hover, on="wide"),
            State("source", source),
            State("found", found),
            State("found-table", found_table),
            State("unsupported", unsupported),
            State("found-follow-up", found),
            State("reword", reword),
            State("contradicted", contradicted),
            State("not-found", not_found),
            State("hand-over", hand_over),
            State("replaced", replaced),
            State("failed", failed),
            State("stopped", stopped),
        ),
    ),
    Walk(
        "what can be done with an answer",
        "model",
        "/",
        (
            State("printed-page", printed),
            State("versions", versions),
            State("edit-question", edit_question),
            State("feedback", feedback),
            State("export", export),
            State("share", share),
            State("shared", shared),
            State("shared-source", source),
        ),
    ),
    Walk(
        "conversations",
        "model",
        "/",
        (
            State("narrowed", narrowed),
            State("attached", attached),
            State("source-gone", source_gone),
            State("threads-found", threads_found),
            State("thread-menu", thread_menu),
            State("thread-renamed", thread_renamed),
            State("thread-deleted", thread_deleted),
            State("threads-archived", threads_archived),
        ),
    ),
    Walk("printed document", "model", "/", (State("document-pdf", document_pdf),)),
    Walk("not shared", "model", "/shared?s=none", (State("not-shared", not_shared),)),
    Walk(
        "check",
        "model",
        "/check",
        (State("check-empty", check_empty), State("check", checked), State("check-source", checked_source)),
    ),
    Walk(
        "document",
        "model",
        "/document?id=2&start=444&end=562",
        (
            State("document", document),
            State("document-tried", document_tried),
            State("document-cut", document_cut),
        ),
    ),
    Walk("gone", "model", "/document?id=999999", (State("document-gone", no_document),)),
    Walk(
        "documents",
        "model",
        "/documents",
        (
            State("documents", documents),
            State("documents-table", documents_table),
            State("new-collection", new_collection),
            State("follow-folder", follow_folder),
            State("delete-collection", delete_collection),
            State("uploading", uploading),
            State("uploaded", uploaded),
        ),
    ),
    Walk(
        "settings",
        "model",
        "/settings",
        (
            State("settings", settings),
            State("settings-erase", settings_erase),
            State("settings-model", settings_model),
            State("settings-rules", settings_rules),
        ),
    ),
    Walk("triage", "model", "/triage", tuple(State(name, reach) for name, reach in TRIAGE.items())),
    Walk("gaps", "model", "/", tuple(State(name, reach) for name, reach in GAPS.items())),
    Walk("evaluation", "model", "/evaluation", tuple(State(name, reach) for name, reach in EVALUATION.items())),
    Walk("verified", "model", "/verified", tuple(State(name, reach) for name, reach in VERIFIED.items())),
    Walk("insights", "model", "/", tuple(State(name, reach) for name, reach in INSIGHTS.items())),
    Walk("administration", "model", "/admin", tuple(State(name, reach) for name, reach in ADMINISTRATION.items())),
    Walk("lost connection", "until it ends", "/", (State("offline", connection_lost),)),
    Walk("nothing", "empty home", "/", (State("no-documents", no_documents),)),
    Walk("nothing in the library", "empty home", "/documents", (State("no-documents-library", no_documents),)),
    Walk("no insights", "empty home", "/insights", (State("no-insights", nothing_asked),)),
    Walk("nothing to check", "empty home", "/check", (State("no-documents-check", nothing_to_check),)),
    Walk("first start", "new home", "/", (State("reading", reading),)),
    Walk("demo", "demo", "/", (State("demo", demo), State("demo-answered", demo_answered))),
)

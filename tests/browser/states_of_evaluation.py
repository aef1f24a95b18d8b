"""How each state of the evaluation page is reached from the one before."""

from collections.abc import Callable, Mapping

from tests.browser.serving import Watched


def evaluation(watched: Watched) -> None:
    watched.page.get_by_text("Two runs side by side").wait_for()
    watched.page.get_by_role("table").first.wait_for()


def evaluation_questions(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="Questions").click()
    watched.page.get_by_text("Add questions").wait_for()


def evaluation_file(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="From a file").or_(
        watched.page.get_by_role("button", name="From a file")
    ).first.click()
    table = b"question,documents\nWhere is it?,gone.md\n"
    file = {"name": "questions.csv", "mimeType": "text/csv", "buffer": table}
    watched.page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    watched.page.get_by_text("Nothing was taken from").wait_for()


def evaluation_inspector(watched: Watched) -> None:
    watched.page.get_by_role("radio", name="Runs").click()
    watched.page.get_by_role("button", name="Look into it").first.click()
    watched.page.locator(".account").wait_for()
    watched.page.get_by_text("What a model was sent").wait_for()


EVALUATION: Mapping[str, Callable[[Watched], None]] = {
    "evaluation": evaluation,
    "evaluation-questions": evaluation_questions,
    "evaluation-file": evaluation_file,
    "evaluation-inspector": evaluation_inspector,
}
"""In their order."""

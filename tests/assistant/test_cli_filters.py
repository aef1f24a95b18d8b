"""Filters on the command line: they narrow, they explain themselves, and what cannot be meant exits with 2."""

import shlex
from pathlib import Path

import pytest

from tests.assistant.test_cli import Done, citewell
from tests.homes import new_home

FILES = {
    "travel-2026.md": "---\ntitle: Travel policy 2026\ndate: 2026-03-04\n---\nThe meal allowance is 55 euros a day.\n",
    "travel-2024.md": "---\ntitle: Travel policy 2024\ndate: 2024-03-04\n---\nThe meal allowance is 40 euros a day.\n",
    "canteen.txt": "The canteen's meal allowance is 7 euros a day.\n",
}
MEAL = "How high is the meal allowance?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filtered")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    home = new_home(tmp_path_factory.mktemp("filters") / "home")
    assert citewell(home, "ingest", str(folder)).code == 0
    return home


def found(done: Done) -> set[str]:
    return {passage["document"] for passage in done.json["passages"]}


def listed(done: Done) -> set[str]:
    return {row["document"] for row in done.json["documents"]}


def test_search_list_and_ask_keep_to_type_days_and_title(home):
    by_type = citewell(home, "search", MEAL, "--type", "txt", "--json")
    assert (by_type.code, found(by_type)) == (0, {"canteen.txt"})
    by_days = citewell(home, "documents", "list", "--from", "2026-03-04", "--to", "2026-03-04", "--json")
    assert (by_days.code, listed(by_days)) == (0, {"travel-2026.md"})
    by_title = citewell(home, "ask", MEAL, "--title", "TRAVEL 2024", "--json")
    assert {citation["document"] for citation in by_title.json["citations"]} == {"travel-2024.md"}


def test_filters_that_fit_no_document_say_so(home):
    answer = citewell(home, "ask", MEAL, "--type", "pdf", "--to", "2020-01-31", "--json")
    assert answer.code == 0
    assert answer.json["answer"] == (
        "No document fits the filters: PDF, dated to 31 January 2020. Take one away, or widen it."
    )
    search = citewell(home, "search", MEAL, "--title", "no such title")
    assert (search.code, search.out) == (0, "")
    assert search.err == "No document fits the filters: title has “no such title”. Take one away, or widen it.\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "yesterday"), "--from 'yesterday' is no day; write it as 2026-03-31."),
        (("--to", "2026-02-30"), "--to '2026-02-30' is no day; write it as 2026-03-31."),
        (
            ("--from", "2026-05-02", "--to", "2026-05-01"),
            "The first day, 2 May 2026, is after the last, 1 May 2026; swap them.",
        ),
        (("--type", "scroll"), "There is no type 'scroll'; there are: PDF, DOCX, PPTX, XLSX, "),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_meant_is_one_sentence_and_exit_2(home, options, said):
    done = citewell(home, "search", MEAL, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(said)
    assert len(done.err.splitlines()) == 1


def test_ask_counts_documents_and_names_the_command_that_lists_them_all(home):
    answer = citewell(home, "ask", "Which documents mention the meal allowance?", "--type", "md", "--json").json
    assert answer["status"] == "answered"
    assert answer["answer"].startswith("2 of 2 documents that fit the filters have the words “meal allowance”:")
    assert {citation["document"] for citation in answer["citations"]} == {"travel-2024.md", "travel-2026.md"}
    assert {sentence["support"] for sentence in answer["sentences"]} == {"not_a_claim"}
    assert (answer["inventory"]["total"], answer["inventory"]["shown"]) == (2, 2)
    name, *command = shlex.split(answer["inventory"]["command"])
    assert name == "citewell"
    assert listed(citewell(home, *command, "--json")) == {"travel-2024.md", "travel-2026.md"}
    assert listed(citewell(home, "documents", "list", "--read-to", "2020-01-01", "--json")) == set()

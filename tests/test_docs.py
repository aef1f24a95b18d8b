"""What the documentation says is there: links, settings, commands, the questions of the demonstration."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from assistant.cli import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples/README.md"])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
OUTSIDE = ("https://", "http://", "mailto:", "#")


def commands(group: Any, name: str = "citewell") -> Iterator[tuple[str, Any]]:
    """Every command with its whole name."""
    for part, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} {part}")
        else:
            yield f"{name} {part}", command


COMMANDS = dict(commands(typer.main.get_command(app)))


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level; raises ValueError where there is none."""
    start = text.index(f"\n## {heading}\n")
    end = text.find("\n## ", start + 1)
    return text[start:end] if end != -1 else text[start:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text("utf-8")) if not target.startswith(OUTSIDE)]
    missing = [target for target in targets if not (page.parent / target.split("#")[0]).exists()]
    assert missing == []


def test_readme_leads_every_kind_of_person_to_their_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    guides = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/guide").glob("*.md")}
    assert len(guides) >= 6
    assert guides <= set(LINK.findall(readme))


def test_the_table_of_settings_is_fresh() -> None:
    command = [sys.executable, str(ROOT / "docs/make_settings.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_with_all_its_options(name: str) -> None:
    words = section((ROOT / "docs/cli.md").read_text("utf-8"), name)
    options = [option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("-")]
    assert [option for option in options if option not in words] == []


def test_no_command_is_documented_that_does_not_exist() -> None:
    documented = re.findall(r"^## (citewell .+)$", (ROOT / "docs/cli.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(COMMANDS)


def test_the_script_of_the_demonstration_asks_its_questions_in_order() -> None:
    script = (ROOT / "docs/demo.md").read_text("utf-8")
    questions = [row["question"] for row in json.loads((ROOT / "examples/demo.json").read_text("utf-8"))]
    places = [script.find(question) for question in questions]
    assert -1 not in places
    assert places == sorted(places)

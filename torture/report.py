"""What a run found: a row for each fault, as a table for people and JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, how often it was brought about, and what came of it."""

    fault: str
    runs: int
    outcome: str
    problems: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    began: datetime
    machine: dict[str, str]
    seed: int
    rows: tuple[Row, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that should not have happened."""
        return tuple(problem for row in self.rows for problem in row.problems)

    def as_markdown(self) -> str:
        """The table, with what is needed to repeat it above it and every problem below."""
        machine = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        lines = [
            f"`make torture` on {self.began:%Y-%m-%d at %H:%M} UTC, seed {self.seed}. Machine: {machine}.",
            "",
            "| fault | runs | held | outcome | minutes |",
            "|---|--:|---|---|--:|",
            *(
                f"| {row.fault} | {row.runs} | {'**no**' if row.problems else 'yes'} | {row.outcome} "
                f"| {row.seconds / 60:.1f} |"
                for row in self.rows
            ),
        ]
        return "\n".join([*lines, *_listed(self.problems)]) + "\n"

    def store(self, directory: Path) -> None:
        """Write report.md and report.json."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "report.md").write_text(self.as_markdown(), "utf-8")
        facts = {"began": self.began.isoformat(timespec="seconds"), "machine": self.machine, "seed": self.seed}
        rows = [asdict(row) for row in self.rows]
        (directory / "report.json").write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n", "utf-8")


def _listed(problems: Sequence[str]) -> list[str]:
    return ["", "Problems:", *(f"- {problem}" for problem in problems)] if problems else []

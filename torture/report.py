"""What a run found: a row for each fault, as a table for people and JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

from torture.register import REGISTER, Fault

DIRECTORY = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, how often it was brought about, and what came of it; `name` is the run's, or the fault's own."""

    name: str
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

    @classmethod
    def stored(cls, directory: Path) -> Self:
        """The one that was stored there."""
        told = json.loads((directory / "report.json").read_text("utf-8"))
        rows = tuple(Row(**{**row, "problems": tuple(row["problems"])}) for row in told["rows"])
        return cls(datetime.fromisoformat(told["began"]), told["machine"], told["seed"], rows)

    def with_again(self, rows: Sequence[Row], began: datetime) -> Self:
        """With these in the place of those of the same name, which say when they were brought about once more."""
        again = {
            row.name: replace(row, outcome=f"{row.outcome} (again on {began:%Y-%m-%d at %H:%M} UTC)") for row in rows
        }
        return replace(self, rows=tuple(again.get(row.name, row) for row in self.rows))

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
        return "\n".join([*lines, *self._held(), *_listed(self.problems)]) + "\n"

    def _held(self) -> list[str]:
        """A line for every fault of the register: whether it held, and what says so."""
        found = {row.name: row for row in self.rows}
        lines = [_fault_line(fault, [found[name] for name in _proof(fault) if name in found]) for fault in REGISTER]
        held = sum(line.endswith("| yes |") for line in lines)
        head = f"{held} of {len(REGISTER)} faults were brought about and held."
        return ["", head, "", "| | fault | tests | by | held |", "|---|---|--:|---|---|", *lines]

    def store(self, directory: Path) -> None:
        """Write report.md and report.json."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "report.md").write_text(self.as_markdown(), "utf-8")
        facts = {"began": self.began.isoformat(timespec="seconds"), "machine": self.machine, "seed": self.seed}
        rows = [asdict(row) for row in self.rows]
        (directory / "report.json").write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n", "utf-8")


def _proof(fault: Fault) -> tuple[str, ...]:
    """The names of the rows that speak of it."""
    return fault.runs or (fault.id,)


def _fault_line(fault: Fault, rows: Sequence[Row]) -> str:
    """It held where everything that speaks of it was carried out, at least once, and nothing was wrong."""
    is_whole = len(rows) == len(_proof(fault)) and all(row.runs for row in rows)
    held = ("**no**" if any(row.problems for row in rows) else "yes") if is_whole else "not run"
    by = ", ".join(f"{row.name} × {row.runs}" if fault.runs else f"{row.runs} tests" for row in rows)
    return f"| {fault.id} | {fault.what} | {len(fault.tests)} | {by} | {held} |"


def _listed(problems: Sequence[str]) -> list[str]:
    return ["", "Problems:", *(f"- {problem}" for problem in problems)] if problems else []

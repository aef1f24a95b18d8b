"""What a run found: rows with their targets, as a Markdown table for people and JSON for programs."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from retrieval.cores import usable_cores

_VERSIONS = ("streamlit", "chromadb", "tantivy", "onnxruntime", "openai", "langchain", "sqlalchemy", "numpy")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that is good enough: at most the limit, or at least it."""

    limit: float
    at_least: bool = False

    def is_met_by(self, figure: float) -> bool:
        """Whether the figure is on the right side of the limit."""
        return figure >= self.limit if self.at_least else figure <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; `figure` is None where it could not be taken, and `note` says why."""

    what: str
    figure: float | None
    unit: str
    target: Target | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """None where there is no target; a target without a figure is not met."""
        if self.target is None:
            return None
        return self.figure is not None and self.target.is_met_by(self.figure)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    command: str
    began: datetime
    seconds: float
    quick: bool
    machine: dict[str, str]
    versions: dict[str, str]
    rows: tuple[Row, ...]

    def as_json(self) -> str:
        """Everything, for programs."""
        rows = [
            {**asdict(row), "target": str(row.target) if row.target else None, "met": row.is_met} for row in self.rows
        ]
        head = {
            "command": self.command,
            "began": self.began.isoformat(timespec="seconds"),
            "seconds": round(self.seconds),
            "quick": self.quick,
        }
        return json.dumps(
            {**head, "machine": self.machine, "versions": self.versions, "rows": rows}, indent=1, ensure_ascii=False
        )

    def as_markdown(self) -> str:
        """The table, with what is needed to judge it above it."""
        return "\n".join((*self.heading(), "", *_table(self.rows))) + "\n"

    def heading(self) -> tuple[str, ...]:
        """What is needed to judge the figures."""
        machine = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        versions = ", ".join(f"{name} {value}" for name, value in self.versions.items())
        head = f"Measured on {self.began:%Y-%m-%d at %H:%M} UTC by `{self.command}`, in {max(1, round(self.seconds / 60))} min."
        if self.quick:
            head = f"{head} Small sizes only (`--quick`): the figures mean little."
        return head, f"Machine: {machine}.  ", f"Versions: {versions}."

    def store(self, directory: Path, name: str = "latest") -> None:
        """Write `latest.json` and `latest.md`, or what they are named."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{name}.json").write_text(self.as_json() + "\n", "utf-8")
        (directory / f"{name}.md").write_text(self.as_markdown(), "utf-8")


RESULTS = Path(__file__).resolve().parent / "results"


def machine_facts() -> dict[str, str]:
    """What the figures depend on."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": str(usable_cores()),
        "memory": f"{memory_bytes / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }


def library_versions() -> dict[str, str]:
    """The versions that the figures depend on most."""
    return {"Python": platform.python_version(), **{name: version(name) for name in _VERSIONS}}


def now() -> datetime:
    """The time a run begins."""
    return datetime.now(UTC)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _table(rows: Sequence[Row]) -> list[str]:
    return [
        "| what | figure | target | met | |",
        "|---|--:|--:|---|---|",
        *(f"| {row.what} | {_figure(row)} | {row.target or ''} | {_MET[row.is_met]} | {row.note} |" for row in rows),
    ]


_MET = {True: "yes", False: "**no**", None: ""}


def _figure(row: Row) -> str:
    if row.figure is None:
        return "–"
    return f"{_rounded(row.figure)} {row.unit}".strip()


def _rounded(figure: float) -> str:
    """Three digits that count, and all before the point."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"

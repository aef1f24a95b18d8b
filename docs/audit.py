"""Audits requirements.lock with pip-audit: every package looked up, every advisory fixed or accepted for a reason.

Success of pip-audit alone says nothing: what it cannot look up it leaves out. `make audit` runs this, with a network.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK, ACCEPTED = ROOT / "requirements.lock", ROOT / "docs" / "advisories.toml"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An advisory that does not reach us: why, and the test (file::function) that shows it."""

    id: str
    package: str
    reason: str
    test: str


def accepted(path: Path = ACCEPTED) -> tuple[Accepted, ...]:
    """The list, in its order; raises TypeError where an entry has a field too many or too few."""
    return tuple(Accepted(**entry) for entry in tomllib.loads(path.read_text("utf-8"))["accepted"])


def locked(text: str) -> dict[str, str]:
    """The version of every package of a lock that is installed on this machine."""
    lines = (line.rstrip("\\ ") for line in text.splitlines() if line and line[0] not in " #-")
    wanted = (Requirement(line) for line in lines)
    return {
        canonicalize_name(one.name): next(iter(one.specifier)).version
        for one in wanted
        if one.marker is None or one.marker.evaluate()
    }


def problems(report: Mapping[str, Any], wanted: Mapping[str, str], known: Sequence[Accepted]) -> Iterator[str]:
    """What is wrong, a line each: packages nobody looked up, advisories that are not accepted, and accepted ones gone."""
    audited = {
        (canonicalize_name(each["name"]), each["version"]): each["vulns"]
        for each in report["dependencies"]
        if "skip_reason" not in each
    }
    missing = [name for name, version in wanted.items() if (name, version) not in audited]
    if missing:
        yield f"{len(wanted) - len(missing)} of {len(wanted)} packages were audited; not: {', '.join(sorted(missing))}"
    accepted_ids = {(each.package, each.id) for each in known}
    found: set[tuple[str, str]] = set()
    for (name, version), advisories in audited.items():
        for advisory in advisories:
            ids = {(name, id_) for id_ in (advisory["id"], *advisory.get("aliases", ()))}
            found |= ids
            if not ids & accepted_ids:
                fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
                yield f"{name} {version}: {advisory['id']}, fixed by {fixed}"
    if not missing:
        yield from (f"{name}: {id_} is accepted and applies no more" for name, id_ in sorted(accepted_ids - found))


def main(pip_audit: str) -> int:
    """0 where every package was audited and nothing is open."""
    command = [
        pip_audit,
        "-r",
        str(LOCK),
        "--no-deps",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode not in {0, 1} or not told.stdout:  # 1: there are advisories.
        print(told.stderr, file=sys.stderr)
        return 2
    wanted = locked(LOCK.read_text("utf-8"))
    open_ones = list(problems(json.loads(told.stdout), wanted, accepted()))
    print("\n".join(open_ones) or f"All {len(wanted)} packages were audited; nothing is open.")
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

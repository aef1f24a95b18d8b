"""Runs of question sets: asked for here, carried out by the worker, and read by whoever may change the collection."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine, Row, delete, insert, select

from assistant.access import Principal
from assistant.configuration import Configuration, checked, configuration_of
from assistant.erasure import EVALUATED
from assistant.errors import AssistantError
from assistant.job_table import JobTable
from assistant.question_sets import QuestionSets, SetRefused
from assistant.schema import evaluation_runs, run_outcomes, set_questions
from assistant.set_evaluation import Compared, Evaluated, Outcome, compare
from retrieval.dates import utc_now
from retrieval.evaluation.measures import Interval

EVALUATE, GENERATE = EVALUATED, "generate_questions"
"""The kinds of job that are asked for here."""
MOST_GENERATED = 200
MOST_AT_ONCE = 4
"""Configurations of one job."""
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class RunNotFound(AssistantError):
    """There is no such run for this person."""

    def __init__(self) -> None:
        super().__init__("There is no such run any more; choose another one.")


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is done, without its outcomes; `created_at` is UTC, `notes` are sentences about what it lacks."""

    id: int
    set_id: int
    created_at: datetime
    configuration: Configuration
    figures: Mapping[str, float | None]
    intervals: Mapping[str, Interval]
    notes: tuple[str, ...]
    mlflow_run: str | None


class Runs:
    """Asks for runs, and keeps them."""

    def __init__(self, engine: Engine, sets: QuestionSets, jobs: JobTable, wake: threading.Event) -> None:
        self._engine = engine
        self._sets = sets
        self._jobs = jobs
        self._wake = wake

    # What people ask for.

    def start(self, set_id: int, configurations: Sequence[Configuration], principal: Principal) -> int:
        """Measure a set soon, in each of these configurations; returns the job's id.

        Raises SetNotFound, ConfigurationRefused, and SetRefused where the set is empty.
        """
        chosen = self._sets.get(set_id, principal)
        if not chosen.questions:
            raise SetRefused("The set has no question yet; add some first.")
        each = [checked(one.as_json).as_json for one in configurations[:MOST_AT_ONCE]]
        work = {"set_id": set_id, "collection_id": chosen.collection_id, "configurations": each}
        return self._start(EVALUATE, work, principal)

    def generate(self, set_id: int, count: int, principal: Principal) -> int:
        """Make questions of the collection's documents soon; returns the job's id. Raises SetNotFound."""
        chosen = self._sets.get(set_id, principal)
        work = {"set_id": set_id, "collection_id": chosen.collection_id, "count": max(1, min(count, MOST_GENERATED))}
        return self._start(GENERATE, work, principal)

    def list(self, set_id: int, principal: Principal) -> tuple[Run, ...]:
        """The runs of a set, the newest first. Raises SetNotFound."""
        self._sets.get(set_id, principal)
        query = select(evaluation_runs).where(evaluation_runs.c.set_id == set_id).order_by(evaluation_runs.c.id.desc())
        with self._engine.connect() as connection:
            return tuple(map(_run, connection.execute(query)))

    def outcomes(self, run_id: int, principal: Principal) -> dict[str, Outcome]:
        """What came of each question, by its id. Raises RunNotFound."""
        self._of(run_id, principal)
        query = select(run_outcomes).where(run_outcomes.c.run_id == run_id).order_by(run_outcomes.c.question_id)
        with self._engine.connect() as connection:
            return {str(row.question_id): _OUTCOME.validate_python(row.outcome) for row in connection.execute(query)}

    def compare(self, run_id: int, other_id: int, principal: Principal) -> Compared:
        """How far the second run is from the first. Raises RunNotFound, for runs of different sets too."""
        first, second = self._of(run_id, principal), self._of(other_id, principal)
        if first.set_id != second.set_id:
            raise RunNotFound
        return compare(self.outcomes(run_id, principal), self.outcomes(other_id, principal))

    def delete(self, run_id: int, principal: Principal) -> None:
        """Delete a run. Raises RunNotFound."""
        self._of(run_id, principal)
        with self._engine.begin() as connection:
            connection.execute(delete(evaluation_runs).where(evaluation_runs.c.id == run_id))

    def _of(self, run_id: int, principal: Principal) -> Run:
        with self._engine.connect() as connection:
            row = connection.execute(select(evaluation_runs).where(evaluation_runs.c.id == run_id)).one_or_none()
        if row is None or row.set_id not in {each.id for each in self._sets.list(principal)}:
            raise RunNotFound
        return _run(row)

    # What the worker does.

    def keep(
        self,
        set_id: int,
        configuration: Configuration,
        evaluated: Evaluated,
        *,
        notes: Sequence[str] = (),
        mlflow_run: str | None = None,
    ) -> int:
        """Keep a run that is done; what was asked of questions that are gone by now is left out. Returns its id."""
        values: dict[str, Any] = {
            "set_id": set_id,
            "created_at": utc_now(),
            "configuration": configuration.as_json,
            "figures": dict(evaluated.figures),
            "intervals": {name: list(interval) for name, interval in evaluated.intervals.items()},
            "notes": list(notes),
            "mlflow_run": mlflow_run,
        }
        with self._engine.begin() as connection:
            key = connection.execute(insert(evaluation_runs).values(**values)).inserted_primary_key
            assert key is not None
            of_set = select(set_questions.c.id).where(set_questions.c.set_id == set_id)
            there = set(connection.execute(of_set).scalars())
            rows = [
                {"run_id": key[0], "question_id": int(name), "outcome": asdict(outcome)}
                for name, outcome in evaluated.outcomes.items()
                if int(name) in there
            ]
            if rows:
                connection.execute(insert(run_outcomes), rows)
        return int(key[0])

    def _start(self, kind: str, work: Mapping[str, Any], principal: Principal) -> int:
        job_id = self._jobs.add(kind, work, owner=principal.key)
        self._wake.set()
        return job_id


def _run(row: Row[Any]) -> Run:
    return Run(
        row.id,
        row.set_id,
        row.created_at,
        configuration_of(row.configuration),
        row.figures,
        {name: (low, high) for name, (low, high) in row.intervals.items()},
        tuple(row.notes),
        row.mlflow_run,
    )

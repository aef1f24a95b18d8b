"""Open problems that the support desk knows of: found for a ticket by meaning, with what customers are told of them.

Whoever works at the support desk keeps them; nobody else sees that there are any.

SIMILAR_FROM was chosen on the sample company's 180 tickets and four problems that were written for it
(tests/assistant/test_known_issues.py): of the ten tickets about two of them six are found, and no ticket is taken
for one that it is not about, also not for the two problems that no ticket is about. At .50 nine are found, and eight
others with them. What customers are told stands in the draft, so the higher line was taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Engine, Row, insert, select, update

from assistant.access import Principal, only_support
from assistant.errors import AssistantError
from assistant.schema import known_issues
from retrieval.chunk_reader import Vector
from retrieval.dates import utc_now
from retrieval.embedding import Embedder

SIMILAR_FROM = 0.58
MOST_SHOWN = 3
MOST_TITLE_CHARS, MOST_TEXT_CHARS = 200, 4_000


class IssueNotFound(AssistantError):
    """Absent, or not for this person: they look the same."""

    def __init__(self) -> None:
        super().__init__("There is no such known issue; look at the list again.")


class IssueRefused(AssistantError):
    """It cannot be kept as it is."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A problem in words: what it is called, what happens, and what customers are told."""

    title: str
    happens: str
    advice: str = ""
    is_solved: bool = False

    def checked(self) -> "Issue":
        """The same without space around; raises IssueRefused where something is missing or too long."""
        kept = replace(
            self, title=" ".join(self.title.split()), happens=self.happens.strip(), advice=self.advice.strip()
        )
        if not kept.title or not kept.happens:
            raise IssueRefused("A known issue needs a title and what happens; write both.")
        if len(kept.title) > MOST_TITLE_CHARS or max(len(kept.happens), len(kept.advice)) > MOST_TEXT_CHARS:
            raise IssueRefused(
                f"A title has at most {MOST_TITLE_CHARS} characters, the other fields {MOST_TEXT_CHARS:,} each."
            )
        return kept


@dataclass(frozen=True, slots=True)
class KnownIssue:
    """One that is kept; `changed_at` is UTC."""

    id: int
    issue: Issue
    changed_at: datetime


class KnownIssues:
    """Keeps them, and finds those that a ticket may be about."""

    def __init__(self, engine: Engine, embedder: Embedder | None) -> None:
        self._engine = engine
        self._embedder = embedder

    def record(self, issue: Issue, principal: Principal) -> int:
        """Keep a new one; returns its id. Raises IssueRefused."""
        only_support(principal)
        with self._engine.begin() as connection:
            key = connection.execute(insert(known_issues).values(**_row_of(issue.checked()))).inserted_primary_key
        assert key is not None
        return int(key[0])

    def change(self, issue_id: int, issue: Issue, principal: Principal) -> None:
        """Keep it in other words, or as solved or open. Raises IssueNotFound, IssueRefused."""
        only_support(principal)
        values, own = _row_of(issue.checked()), known_issues.c.id == issue_id
        with self._engine.begin() as connection:
            if not connection.execute(update(known_issues).where(own).values(**values)).rowcount:
                raise IssueNotFound

    def get(self, issue_id: int, principal: Principal) -> KnownIssue:
        """One of them. Raises IssueNotFound."""
        only_support(principal)
        with self._engine.connect() as connection:
            row = connection.execute(select(known_issues).where(known_issues.c.id == issue_id)).first()
        if row is None:
            raise IssueNotFound
        return _known(row)

    def list(self, principal: Principal) -> tuple[KnownIssue, ...]:
        """All of them: open ones first, then the last that was changed."""
        only_support(principal)
        query = select(known_issues).order_by(
            known_issues.c.is_solved, known_issues.c.changed_at.desc(), known_issues.c.id.desc()
        )
        with self._engine.connect() as connection:
            return tuple(map(_known, connection.execute(query)))

    def about(self, words: str, principal: Principal) -> tuple[KnownIssue, ...]:
        """The open ones that a ticket of these words may be about, the closest first."""
        only_support(principal)
        if self._embedder is None:
            return ()
        query = select(known_issues).where(known_issues.c.is_solved.is_(False))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return ()
        vectors = np.stack([self._vector(row, self._embedder) for row in rows])
        (ticket,) = self._embedder.embed_documents([words])
        cosines = (vectors @ ticket).tolist()
        near = [(cosine, row) for cosine, row in zip(cosines, rows, strict=True) if cosine >= SIMILAR_FROM]
        return tuple(_known(row) for _, row in sorted(near, key=lambda pair: (-pair[0], pair[1].id))[:MOST_SHOWN])

    def _vector(self, row: Row[Any], embedder: Embedder) -> Vector:
        """Its embedding, made and kept where there is none by this model."""
        if row.embedding_model == embedder.name:
            return np.frombuffer(row.embedding, np.float32)
        vector: Vector = embedder.embed_documents([f"{row.title}\n\n{row.happens}"])[0]
        values = {"embedding_model": embedder.name, "embedding": vector.astype(np.float32).tobytes()}
        # Not over words that were changed meanwhile.
        own = (known_issues.c.id == row.id) & (known_issues.c.changed_at == row.changed_at)
        with self._engine.begin() as connection:
            connection.execute(update(known_issues).where(own).values(**values))
        return vector


def told_to_customers(issues: Sequence[KnownIssue]) -> str:
    """What a reply says of them; empty where nothing is to be told."""
    return "\n\n".join(known.issue.advice for known in issues if known.issue.advice)


def _row_of(issue: Issue) -> dict[str, Any]:
    return {
        "title": issue.title,
        "happens": issue.happens,
        "advice": issue.advice,
        "is_solved": issue.is_solved,
        "changed_at": utc_now(),
        "embedding_model": None,
        "embedding": None,
    }


def _known(row: Row[Any]) -> KnownIssue:
    return KnownIssue(row.id, Issue(row.title, row.happens, row.advice, row.is_solved), row.changed_at)

"""The list of a person's conversations: found by time and by words, named, pinned, archived, deleted and brought back.

A deleted conversation looks absent from then on. It can be brought back for an hour; after that it goes for good, at
the next start or the next look at a list. Whoever names a conversation also says who they are; another's and an
absent one look the same.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, delete, exists, func, select, update

from assistant.access import Principal
from assistant.conversations import OPEN
from assistant.errors import ConversationNotFound
from assistant.jobs import JOBS, JobRegistry
from assistant.narrowed import Narrowed
from assistant.schema import conversations, messages
from prompts import Style
from retrieval.dates import utc_now
from retrieval.folding import Folded, fold

KEPT = timedelta(hours=1)
"""How long a deleted conversation can be brought back."""
MOST_TITLE_CHARS = 200
MOST_WORDS_CHARS = 200
"""How much of what is searched for is used."""
_IDS_AT_ONCE = 1_000
_BEFORE_CHARS, _AFTER_CHARS = 40, 100
_NARROWED: TypeAdapter[Narrowed] = TypeAdapter(Narrowed)
_THREAD, _MESSAGE = conversations.c, messages.c
_IS_THERE = _THREAD.deleted_at.is_(None)


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation in a list, by its title, else its first question. `written_at` is when it grew last, in UTC."""

    id: str
    title: str
    written_at: datetime
    is_pinned: bool = False
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation with the words that were searched for, and what stands around them."""

    thread: Thread
    before: str
    match: str
    after: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What the next question of a conversation is narrowed to, and how and by which model it is answered.

    None: the style of its last answer, and the model that the settings name.
    """

    narrowed: Narrowed = field(default_factory=Narrowed)
    style: Style | None = None
    model: str | None = None


class Threads:
    """Lists conversations and changes their place in the list, each for its owner."""

    def __init__(
        self,
        engine: Engine,
        jobs: JobRegistry = JOBS,
        now: Callable[[], datetime] = utc_now,
        forget_files: Callable[[Collection[str]], None] = lambda _: None,
    ) -> None:
        """`forget_files` is given the conversations that are removed for good, whose files go with them."""
        self._engine = engine
        self._forget_files = forget_files
        self._jobs = jobs
        self._now = now

    def list(self, principal: Principal, *, limit: int = 30, archived: bool = False) -> tuple[Thread, ...]:
        """The pinned ones first, the newest pin before the others; then by their newest message, the newest first."""
        self._purge_overdue()
        place = _THREAD.archived_at.is_not(None) if archived else _THREAD.archived_at.is_(None)
        with self._engine.connect() as connection:
            return _threads(connection, (_THREAD.owner == principal.key) & _IS_THERE & place, limit)

    def deleted(self, principal: Principal, *, limit: int = 30) -> tuple[Thread, ...]:
        """What can still be brought back."""
        self._purge_overdue()
        with self._engine.connect() as connection:
            return _threads(connection, (_THREAD.owner == principal.key) & ~_IS_THERE, limit)

    def has_put_away(self, principal: Principal) -> bool:
        """Whether any conversation is archived, or deleted and can be brought back."""
        is_away = _THREAD.archived_at.is_not(None) | _THREAD.deleted_at.is_not(None)
        with self._engine.connect() as connection:
            query = select(_THREAD.id).where(_THREAD.owner == principal.key, is_away)
            return connection.execute(query.limit(1)).first() is not None

    def search(self, principal: Principal, words: str, *, limit: int = 30) -> tuple[Found, ...]:
        """Conversations that say these very words, archived ones too: in the title first, then by the newest message.

        Every character stands for itself; case and accents make no difference.
        """
        sought = fold(words[:MOST_WORDS_CHARS]).strip()
        if not sought:
            return ()
        with self._engine.connect() as connection:
            titled = _titled(connection, principal, sought, limit)
            texts = _saying(connection, principal, sought, limit) | titled
            threads = sorted(
                _threads(connection, _THREAD.id.in_(texts), None, pins_first=False),
                key=lambda thread: thread.id not in titled,
            )
        return tuple(Found(thread, *around(texts[thread.id], sought)) for thread in threads[:limit])

    def choices(self, conversation_id: str, principal: Principal) -> Choices:
        """What its next question is asked with; raises ConversationNotFound."""
        query = select(_THREAD.narrowed, _THREAD.style, _THREAD.model)
        with self._engine.connect() as connection:
            row = connection.execute(query.where(_is(conversation_id, principal), _IS_THERE)).first()
        if row is None:
            raise ConversationNotFound
        narrowed = Narrowed() if row.narrowed is None else _NARROWED.validate_python(row.narrowed)
        return Choices(narrowed, row.style, row.model)

    def choose(self, conversation_id: str, principal: Principal, choices: Choices) -> None:
        """Remember them; raises ConversationNotFound."""
        narrowed = _NARROWED.dump_python(choices.narrowed, mode="json") if choices.narrowed else None
        self._change(conversation_id, principal, narrowed=narrowed, style=choices.style, model=choices.model)

    def rename(self, conversation_id: str, principal: Principal, title: str) -> None:
        """Give it a title; without one it is called by its first question. Raises ConversationNotFound."""
        title = " ".join(title.replace("\0", " ").split())[:MOST_TITLE_CHARS]
        self._change(conversation_id, principal, title=title or None)

    def pin(self, conversation_id: str, principal: Principal, *, wanted: bool = True) -> None:
        """Keep it above the others, or no more; raises ConversationNotFound."""
        self._change(conversation_id, principal, pinned_at=self._now() if wanted else None)

    def archive(self, conversation_id: str, principal: Principal, *, wanted: bool = True) -> None:
        """Put it away, its pin with it, or bring it back; raises ConversationNotFound."""
        self._change(conversation_id, principal, archived_at=self._now() if wanted else None, pinned_at=None)

    def delete(self, conversation_id: str, principal: Principal) -> None:
        """Delete it and stop the answer it is writing; it can be restored for an hour. Raises ConversationNotFound."""
        self._change(conversation_id, principal, deleted_at=self._now())
        if (job := self._jobs.running(principal, conversation_id)) is not None:
            job.stop()
        is_written = (_MESSAGE.conversation_id == conversation_id) & _MESSAGE.state.in_(OPEN)
        with self._engine.begin() as connection:  # By another process, perhaps.
            connection.execute(update(messages).where(is_written).values(stop_asked=True))

    def restore(self, conversation_id: str, principal: Principal) -> None:
        """Bring a deleted one back as it was; raises ConversationNotFound where it is too late."""
        still = (_THREAD.deleted_at >= self._now() - KEPT) | _IS_THERE
        self._change(conversation_id, principal, still, deleted_at=None)

    def purge(self) -> tuple[str, ...]:
        """Remove for good what was deleted more than an hour ago, whoever's; returns the ids."""
        return self._remove(self._is_overdue())

    def expire(self, unused_since: datetime) -> tuple[str, ...]:
        """Remove for good what nobody asked anything in since then, whoever's, but no pinned one; returns the ids."""
        asked_since = exists().where(_MESSAGE.conversation_id == _THREAD.id, _MESSAGE.created_at >= unused_since)
        is_unused = (_THREAD.created_at < unused_since) & _THREAD.pinned_at.is_(None) & ~asked_since
        return self._remove(is_unused)

    def _remove(self, which: ColumnElement[bool]) -> tuple[str, ...]:
        with self._engine.begin() as connection:
            gone = tuple(connection.execute(select(_THREAD.id).where(which)).scalars())
            for start in range(0, len(gone), _IDS_AT_ONCE):
                some = gone[start : start + _IDS_AT_ONCE]
                connection.execute(delete(conversations).where(_THREAD.id.in_(some)))
        self._forget_files(gone)
        return gone

    def _purge_overdue(self) -> None:
        """Look first: even a deletion of nothing waits for whoever is writing."""
        with self._engine.connect() as connection:
            overdue = connection.execute(select(_THREAD.id).where(self._is_overdue()).limit(1)).first()
        if overdue is not None:
            self.purge()

    def _is_overdue(self) -> ColumnElement[bool]:
        return _THREAD.deleted_at < self._now() - KEPT

    def _change(
        self, conversation_id: str, principal: Principal, where: ColumnElement[bool] = _IS_THERE, **values: Any
    ) -> None:
        with self._engine.begin() as connection:
            changed = update(conversations).where(_is(conversation_id, principal), where).values(**values)
            if connection.execute(changed).rowcount == 0:
                raise ConversationNotFound


def _is(conversation_id: str, principal: Principal) -> ColumnElement[bool]:
    return (_THREAD.id == conversation_id) & (_THREAD.owner == principal.key)


_NEWEST = select(func.max(_MESSAGE.id)).where(_MESSAGE.conversation_id == _THREAD.id).scalar_subquery()
"""By it what is newest is told, and not by its time: a clock may be set back."""


def _threads(
    connection: Connection, condition: ColumnElement[bool], limit: int | None, *, pins_first: bool = True
) -> tuple[Thread, ...]:
    """Those that meet the condition and were asked something: pinned ones first, then by their newest message."""
    newest = _NEWEST
    listed = select(_THREAD.id, _THREAD.title, _THREAD.pinned_at, _THREAD.archived_at, newest.label("newest"))
    pinned = (_THREAD.pinned_at.is_(None), _THREAD.pinned_at.desc()) if pins_first else ()
    order = (*pinned, newest.desc())
    ours = listed.where(condition, newest.is_not(None)).order_by(*order).limit(limit).subquery().c
    # Only for those that are shown: both look into messages.
    of_ours = _MESSAGE.conversation_id == ours.id
    first = select(_MESSAGE.text).where(of_ours).order_by(_MESSAGE.id).limit(1).scalar_subquery()
    written_at = select(_MESSAGE.created_at).where(_MESSAGE.id == ours.newest).scalar_subquery()
    title = func.substr(func.coalesce(ours.title, first), 1, MOST_TITLE_CHARS)
    query = select(ours.id, title.label("title"), written_at.label("written_at"), ours.pinned_at, ours.archived_at)
    again = (ours.pinned_at.is_(None), ours.pinned_at.desc()) if pins_first else ()
    return tuple(_thread(row) for row in connection.execute(query.order_by(*again, ours.newest.desc())).mappings())


def _thread(row: RowMapping) -> Thread:
    return Thread(
        row["id"], row["title"], row["written_at"], row["pinned_at"] is not None, row["archived_at"] is not None
    )


def _titled(connection: Connection, principal: Principal, sought: str, limit: int) -> dict[str, str]:
    """The titles that say it, by conversation."""
    ours = (_THREAD.owner == principal.key) & _IS_THERE
    says = Folded(func.coalesce(_THREAD.title, "")).contains(sought, autoescape=True)
    query = select(_THREAD.id, _THREAD.title).where(ours, says).order_by(_NEWEST.desc()).limit(limit)
    return {row.id: row.title for row in connection.execute(query)}


def _saying(connection: Connection, principal: Principal, sought: str, limit: int) -> dict[str, str]:
    """The newest message that says it, by conversation."""
    newest = func.max(_MESSAGE.id)
    said = (
        select(newest)
        .join(conversations)
        .where(_THREAD.owner == principal.key, _IS_THERE, Folded(_MESSAGE.text).contains(sought, autoescape=True))
        .group_by(_MESSAGE.conversation_id)
        .order_by(newest.desc())
        .limit(limit)
    )
    query = select(_MESSAGE.conversation_id, _MESSAGE.text).where(_MESSAGE.id.in_(said))
    return {row.conversation_id: row.text for row in connection.execute(query)}


def around(text: str, sought: str) -> tuple[str, str, str]:
    """What stands before, at and after the first place that says it; `sought` is folded.

    Where the place cannot be told, the beginning of the text stands before nothing.
    """
    place = _place(text, sought)
    if place is None:
        return _words(text[:_AFTER_CHARS]), "", ""
    start, end = place
    before = text[max(0, start - _BEFORE_CHARS) : start]
    after = text[end : end + _AFTER_CHARS]
    if start > _BEFORE_CHARS:
        before = "…" + before.partition(" ")[2]
    if end + _AFTER_CHARS < len(text):
        after = after.rpartition(" ")[0] + "…"
    return _words(before), _words(text[start:end]), _words(after)


def _place(text: str, sought: str) -> tuple[int, int] | None:
    """From where to where; a character may become several when it is folded, or none."""
    start = fold(text).find(sought)
    if start >= 0 and fold(text[start : start + len(sought)]) == sought:
        return start, start + len(sought)
    folded = [fold(character) for character in text]
    origins = [index for index, piece in enumerate(folded) for _ in piece]
    start = "".join(folded).find(sought)
    return None if start < 0 else (origins[start], origins[start + len(sought) - 1] + 1)


def _words(text: str) -> str:
    """On one line; a space at either end stays."""
    return re.sub(r"\s+", " ", text)

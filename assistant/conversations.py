"""Conversations in the database: the question is stored before anything is asked of a model.

An answer goes pending → streaming → done, stopped, failed or interrupted. Whoever names a
conversation also says who they are; another's, a deleted and an absent one look the same.

Nothing said is written over: a question put differently or an answer given again begins a branch, and the
conversation remembers which branch is on screen, in every tab.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, RowMapping, delete, exists, func, insert, select, update

from assistant.access import Principal
from assistant.branches import Tree, read_tree
from assistant.errors import AnswerUnderWay, ConversationNotFound
from assistant.events import Answer, Citation
from assistant.narrowed import Narrowed
from assistant.processes import known_ids
from assistant.rewrite import Rewrite
from assistant.schema import citations, conversations, messages
from assistant.usage import Usage
from retrieval.dates import utc_now
from retrieval.trace import SearchTrace
from retrieval.values import Passage

_ABANDONED_AFTER = timedelta(days=1)
"""A conversation in which nothing was asked until then is none."""

_BEGUN = timedelta(seconds=30)
"""By then an answer that was begun here is known to be written here."""

Role = Literal["user", "assistant"]
State = Literal["pending", "streaming", "done", "stopped", "failed", "interrupted"]
_ROWS_AT_ONCE = 1_000
"""A database takes only so many ids in one statement."""
OPEN: tuple[State, ...] = ("pending", "streaming")
_INTERRUPTED = "Citewell was stopped while it was answering. What was written is kept; ask again for the rest."


@dataclass(frozen=True, slots=True)
class Work:
    """What an answer is made of, stored with it: the passages, the search behind them, the answer.

    `narrowed` is what the question was narrowed to, None where it was to nothing; `replaced` is what a model wrote
    where it could not stand as the answer.
    """

    passages: tuple[Passage, ...] = ()
    trace: SearchTrace | None = None
    answer: Answer | None = None
    narrowed: Narrowed | None = None
    rewrite: Rewrite | None = None
    replaced: Answer | None = None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One entry of a conversation. `reason` says why an answer failed."""

    id: int
    role: Role
    text: str
    state: State
    reason: str | None
    work: Work | None
    follow_ups: tuple[str, ...] | None = None
    """What may be asked next; None until it was looked for."""
    versions: tuple[int, ...] = ()
    """Its versions, itself among them, oldest first; none where it is the only one."""
    request_id: str | None = None
    """By which the log knows the answer."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What is on screen: its newest messages, oldest first, how many there are in all, and the last of them."""

    messages: tuple[StoredMessage, ...]
    total: int
    leaf: int | None


@dataclass(frozen=True, slots=True)
class Heading:
    """What a conversation is called, None where it was given no title, and when it began, in UTC."""

    title: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Newest:
    """How the newest message of a branch stands: enough to see that it has changed."""

    id: int
    state: State
    chars: int

    @property
    def is_open(self) -> bool:
        """Whether it is being written."""
        return self.state in OPEN


_WORK: TypeAdapter[Work] = TypeAdapter(Work)


class Conversations:
    """Stores conversations and reads them back for their owner. `process_id` is whose the answers are that begin here."""

    def __init__(self, engine: Engine, process_id: str | None = None) -> None:
        self._engine = engine
        self._process_id = process_id
        self._writing: set[int] = set()
        """The answers that are being written here."""

    def create(self, principal: Principal) -> str:
        """A new conversation's id."""
        conversation_id = uuid.uuid4().hex
        with self._engine.begin() as connection:
            connection.execute(
                insert(conversations).values(id=conversation_id, owner=principal.key, created_at=utc_now())
            )
        return conversation_id

    def messages(
        self,
        conversation_id: str,
        principal: Principal,
        *,
        leaf: int | None = None,
        newest: int | None = None,
        with_work: bool = True,
    ) -> tuple[StoredMessage, ...]:
        """The branch on screen, or the one that ends with `leaf`, or its newest messages; oldest first.

        The work behind an answer is most of its weight; without it a thousand messages are read in a moment.
        Raises ConversationNotFound.
        """
        with self._engine.connect() as connection:
            shown = _leaf(connection, conversation_id, principal)
            tree = read_tree(connection, conversation_id)
            branch = tree.branch(shown if leaf is None else leaf)
            return _read(connection, tree, branch if newest is None else branch[-newest:], with_work=with_work)

    def branch(
        self, conversation_id: str, principal: Principal, *, newest: int, known: Sequence[StoredMessage] = ()
    ) -> Branch:
        """The branch on screen with its newest messages; raises ConversationNotFound.

        The work behind an answer that has ended does not change, so that of the known ones is not read again.
        """
        with self._engine.connect() as connection:
            leaf = _leaf(connection, conversation_id, principal)
            tree = read_tree(connection, conversation_id)
            branch = tree.branch(leaf)
            return Branch(_read(connection, tree, branch[-newest:], known=known), len(branch), leaf)

    def heading(self, conversation_id: str, principal: Principal) -> Heading:
        """What stands above a conversation; raises ConversationNotFound."""
        query = select(conversations.c.title, conversations.c.created_at).where(conversations.c.id == conversation_id)
        with self._engine.connect() as connection:
            _leaf(connection, conversation_id, principal)
            return Heading(*connection.execute(query).one())

    def count(self, conversation_id: str, principal: Principal) -> int:
        """How many messages the branch on screen has; raises ConversationNotFound."""
        with self._engine.connect() as connection:
            leaf = _leaf(connection, conversation_id, principal)
            return len(read_tree(connection, conversation_id).branch(leaf))

    def leaf(self, conversation_id: str, principal: Principal) -> int | None:
        """The newest message of the branch on screen, None where nothing was asked; raises ConversationNotFound."""
        with self._engine.connect() as connection:
            return _leaf(connection, conversation_id, principal)

    def newest(self, conversation_id: str, principal: Principal) -> Newest | None:
        """How the newest message on screen stands, None where nothing was asked; raises ConversationNotFound."""
        stands = select(messages.c.id, messages.c.state, func.length(messages.c.text))
        with self._engine.connect() as connection:
            leaf = _leaf(connection, conversation_id, principal)
            row = connection.execute(stands.where(messages.c.id == leaf)).first()
        return None if row is None else Newest(*row)

    def stop(self, conversation_id: str, principal: Principal) -> None:
        """Ask the process that writes the newest answer on screen to end it; raises ConversationNotFound."""
        with self._engine.begin() as connection:
            leaf = _leaf(connection, conversation_id, principal)
            is_open = (messages.c.id == leaf) & messages.c.state.in_(OPEN)
            connection.execute(update(messages).where(is_open).values(stop_asked=True))

    def is_stop_asked(self, message_id: int) -> bool:
        """Whether an answer that is being written here is to end: another process was told to stop it."""
        with self._engine.connect() as connection:
            return bool(connection.execute(select(messages.c.stop_asked).where(messages.c.id == message_id)).scalar())

    def begin(
        self,
        conversation_id: str,
        principal: Principal,
        question: str,
        *,
        instead_of: int | None = None,
        request_id: str | None = None,
        is_again: bool = False,
    ) -> int:
        """Store a question and, pending, its answer; returns the answer's id. They end the branch on screen.

        In place of a question it becomes a version of that one; in place of an answer only the answer is new.
        `request_id` stands with the answer, by which the log and the model endpoint know it.
        `is_again`: a try of the same request failed, and may have stored it all the same; then it is that one.
        Raises ConversationNotFound, for a message of another conversation too, and AnswerUnderWay.
        """
        with self._engine.begin() as connection:
            # Whoever else begins in this conversation waits, and then sees what was begun.
            leaf = _leaf(connection, conversation_id, principal, locked=True)
            answer = _begun(connection, leaf, request_id) if is_again else None
            if answer is None:
                self._refuse_beside_another(connection, leaf)
                after, role = (leaf, None) if instead_of is None else _place(connection, conversation_id, instead_of)
                if role != "assistant":
                    after = _append(connection, conversation_id, "user", question, "done", after=after)
                whose = {"request_id": request_id, "process_id": self._process_id}
                answer = _append(connection, conversation_id, "assistant", "", "pending", after=after, **whose)
                _show(connection, conversation_id, answer)
        return answer

    def hold(self, message_id: int) -> None:
        """This process writes that answer, until it lets go."""
        self._writing.add(message_id)

    def _refuse_beside_another(self, connection: Connection, leaf: int | None) -> None:
        """In this process `JOBS` sees to it that one answer is written at a time."""
        is_written = (messages.c.id == leaf) & messages.c.state.in_(OPEN)
        is_elsewhere = messages.c.process_id.in_(known_ids()) & (messages.c.process_id != self._process_id)
        if connection.execute(select(messages.c.id).where(is_written, is_elsewhere)).first() is not None:
            raise AnswerUnderWay

    def let_go(self, message_id: int) -> None:
        """Nothing writes this answer here any more; how it ended could not be stored, if it is still open then."""
        self._writing.discard(message_id)

    def choose(self, conversation_id: str, principal: Principal, message_id: int) -> None:
        """Bring the newest branch with this message on screen; raises ConversationNotFound."""
        with self._engine.begin() as connection:
            _leaf(connection, conversation_id, principal)
            _place(connection, conversation_id, message_id)
            _show(connection, conversation_id, read_tree(connection, conversation_id).newest_beneath(message_id))

    def save(
        self, message_id: int, *, state: State, text: str, work: Work | None = None, reason: str | None = None
    ) -> None:
        """Store an answer as far as it has come."""
        values: dict[str, Any] = {"state": state, "text": text, "reason": reason}
        if work is not None:
            values |= {"work": _WORK.dump_python(work, mode="json"), **(_account(work.answer) if work.answer else {})}
        with self._engine.begin() as connection:
            connection.execute(update(messages).where(messages.c.id == message_id).values(**values))
            if work is not None and work.answer is not None:
                connection.execute(delete(citations).where(citations.c.message_id == message_id))
                if rows := [_citation_row(message_id, citation) for citation in work.answer.citations]:
                    connection.execute(insert(citations), rows)

    def follow_up(self, message_id: int, questions: Sequence[str], *, title: str | None, usage: Usage) -> None:
        """Add what may be asked next to an answer, with what finding it cost; name a conversation without a title."""
        account = messages.c
        values: dict[Any, Any] = {
            account.follow_ups: list(questions),
            account.prompt_tokens: account.prompt_tokens + usage.prompt_tokens,
            account.completion_tokens: account.completion_tokens + usage.completion_tokens,
        }
        if usage.cost is not None:
            values[account.cost] = func.coalesce(account.cost, 0.0) + usage.cost
        holding = select(account.conversation_id).where(account.id == message_id).scalar_subquery()
        unnamed = (conversations.c.id == holding) & conversations.c.title.is_(None)
        with self._engine.begin() as connection:
            connection.execute(update(messages).where(account.id == message_id).values(values))
            if title:
                connection.execute(update(conversations).where(unnamed).values(title=title))

    def times_cited(self, document_ids: Sequence[int]) -> dict[int, int]:
        """In how many answers each of these documents was quoted; documents never quoted are left out."""
        query = (
            select(citations.c.document_id, func.count(citations.c.message_id.distinct()))
            .where(citations.c.document_id.in_(document_ids))
            .group_by(citations.c.document_id)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def spans_cited(self, document_id: int) -> tuple[tuple[int, int, int], ...]:
        """(start, end, in how many answers) of every span of a document that was quoted, in order."""
        span = (citations.c.start, citations.c.end)
        count = func.count(citations.c.message_id.distinct())
        query = select(*span, count).where(citations.c.document_id == document_id).group_by(*span).order_by(*span)
        with self._engine.connect() as connection:
            return tuple((row[0], row[1], row[2]) for row in connection.execute(query))

    def in_use(self, conversation_ids: Collection[str]) -> frozenset[str]:
        """Those of these conversations in which something was asked, or that are so new that it still may be."""
        asked = exists().where(messages.c.conversation_id == conversations.c.id)
        is_new = conversations.c.created_at > utc_now() - _ABANDONED_AFTER
        query, ids = select(conversations.c.id).where(asked | is_new), tuple(conversation_ids)
        with self._engine.connect() as connection:
            return frozenset(
                conversation_id
                for start in range(0, len(ids), _ROWS_AT_ONCE)
                for conversation_id in connection.execute(
                    query.where(conversations.c.id.in_(ids[start : start + _ROWS_AT_ONCE]))
                ).scalars()
            )

    def mark_interrupted(self) -> int:
        """Answers that a process left open which is gone are interrupted; returns how many.

        So are those that nobody writes in this process either, for the database was away when they ended.
        """
        is_lost = messages.c.process_id.is_(None) | messages.c.process_id.not_in(known_ids())
        is_ours = (messages.c.process_id == self._process_id) & (messages.c.created_at < utc_now() - _BEGUN)
        is_lost |= is_ours & messages.c.id.not_in(tuple(self._writing))
        with self._engine.begin() as connection:
            result = connection.execute(
                update(messages)
                .where(messages.c.state.in_(OPEN), is_lost)
                .values(state="interrupted", reason=_INTERRUPTED)
            )
            return result.rowcount

    def forget(self, principal: Principal) -> None:
        """Delete all conversations of a person."""
        with self._engine.begin() as connection:
            connection.execute(delete(conversations).where(conversations.c.owner == principal.key))


def every_message(connection: Connection, conversation_id: str) -> tuple[StoredMessage, ...]:
    """All that was said in a conversation, on every branch, oldest first. Whoever calls has asked whose it is."""
    tree = read_tree(connection, conversation_id)
    ids = tuple(tree.parents)
    works = _works(connection, ids)
    return tuple(_message(row, works.get(row["id"]), ()) for row in _rows(connection, ids))


def _leaf(connection: Connection, conversation_id: str, principal: Principal, *, locked: bool = False) -> int | None:
    """The newest message on screen, for the conversation's owner alone."""
    query = select(conversations.c.leaf_id).where(
        conversations.c.id == conversation_id,
        conversations.c.owner == principal.key,
        conversations.c.deleted_at.is_(None),
    )
    if (row := connection.execute(query.with_for_update(key_share=True) if locked else query).first()) is None:
        raise ConversationNotFound
    return None if row[0] is None else int(row[0])


def _begun(connection: Connection, leaf: int | None, request_id: str | None) -> int | None:
    """The newest message on screen, where it is the answer of this request, of which nothing is written yet."""
    is_it = (messages.c.id == leaf) & (messages.c.request_id == request_id) & (messages.c.state == "pending")
    return connection.execute(select(messages.c.id).where(is_it)).scalar()


def _place(connection: Connection, conversation_id: str, message_id: int) -> tuple[int | None, Role]:
    """What a message follows, and who wrote it."""
    query = select(messages.c.parent_id, messages.c.role).where(
        messages.c.id == message_id, messages.c.conversation_id == conversation_id
    )
    if (row := connection.execute(query).first()) is None:
        raise ConversationNotFound("There is no such message in this conversation; load the page again.")
    return row[0], row[1]


def _show(connection: Connection, conversation_id: str, leaf: int) -> None:
    connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(leaf_id=leaf))


def _append(
    connection: Connection,
    conversation_id: str,
    role: Role,
    text: str,
    state: State,
    *,
    after: int | None,
    request_id: str | None = None,
    process_id: str | None = None,
) -> int:
    values = {"conversation_id": conversation_id, "parent_id": after, "role": role, "text": text, "state": state}
    whose = {"request_id": request_id, "process_id": process_id}
    result = connection.execute(insert(messages).values(**values, **whose, created_at=utc_now()))
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def _read(
    connection: Connection,
    tree: Tree,
    ids: Sequence[int],
    *,
    with_work: bool = True,
    known: Sequence[StoredMessage] = (),
) -> tuple[StoredMessage, ...]:
    works = {message.id: message.work for message in known if message.state not in OPEN}
    if with_work:
        works |= _works(connection, [id_ for id_ in ids if id_ not in works])
    versions = tree.versions()
    return tuple(_message(row, works.get(row["id"]), versions[row["parent_id"]]) for row in _rows(connection, ids))


def _rows(connection: Connection, ids: Sequence[int]) -> Iterator[RowMapping]:
    """Messages by their ids, oldest first, without their work."""
    columns = [column for column in messages.c if column is not messages.c.work]
    for some in _batches(ids):
        query = select(*columns).where(messages.c.id.in_(some)).order_by(messages.c.id)
        yield from connection.execute(query).mappings()


def _works(connection: Connection, ids: Sequence[int]) -> dict[int, Work]:
    query = select(messages.c.id, messages.c.work)
    rows = (row for some in _batches(ids) for row in connection.execute(query.where(messages.c.id.in_(some))))
    return {id_: _WORK.validate_python(work) for id_, work in rows if work is not None}


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _ROWS_AT_ONCE] for start in range(0, len(ids), _ROWS_AT_ONCE))


def _account(answer: Answer) -> dict[str, Any]:
    """What an answer took and cost, as columns."""
    usage, timings = answer.usage, answer.timings_ms
    return {
        "model": usage.model,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "tokens_are_estimated": usage.is_estimate,
        "cost": usage.cost,
        "currency": usage.currency or None,
        "first_token_ms": timings.get("first_token"),
        "total_ms": timings.get("total"),
        "prompt_version": answer.prompt_version,
        "style": answer.style,
    }


def _citation_row(message_id: int, citation: Citation) -> dict[str, int]:
    document_id = citation.passage.source.id
    return {
        "message_id": message_id,
        "n": citation.n,
        "document_id": document_id,
        "start": citation.start,
        "end": citation.end,
    }


def _message(row: RowMapping, work: Work | None, versions: tuple[int, ...]) -> StoredMessage:
    return StoredMessage(
        row["id"],
        row["role"],
        row["text"],
        row["state"],
        row["reason"],
        work,
        None if row["follow_ups"] is None else tuple(row["follow_ups"]),
        versions if len(versions) > 1 else (),
        row["request_id"],
    )

"""Who asks, and what they may see and change. The one place that turns a person into a scope.

An administrator, and whoever sits at the machine itself, may read every collection. Anybody else may read what was
granted to them, to a group of theirs, or to the group of everyone who signed in; whoever waits to be let in may read
nothing. Everything that takes an id takes the person too, and what they may not see looks as if it were not there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, or_, select

from assistant.errors import NotAllowed
from assistant.schema import grants, groups, memberships, people
from retrieval.library import Collection, Library
from retrieval.schema import collections
from retrieval.values import Scope


class Role(StrEnum):
    """What a person may do beyond asking, from least to most."""

    WAITING = "waiting"
    """Signed in, not let in yet."""
    MEMBER = "member"
    SUPPORT = "support"
    EDITOR = "editor"
    """Changes the collections that were granted for changing, and makes new ones."""
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person, known by who vouches for them and by what name.

    Two are the same person whatever their role is; `person_id` is their row, None where there is no sign-in.
    """

    issuer: str
    subject: str
    role: Role = field(default=Role.WAITING, compare=False)
    person_id: int | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """How rows in the database name their owner."""
        return f"{self.issuer}|{self.subject}"

    @property
    def is_admin(self) -> bool:
        """Whether they look after Citewell itself."""
        return self.role is Role.ADMIN

    @property
    def reads_all(self) -> bool:
        """Whether every collection is theirs to read, without a grant."""
        return self.is_admin or self.issuer == _DEMO


DESK = (Role.SUPPORT, Role.EDITOR, Role.ADMIN)
"""Who works at the support desk."""
_DEMO = "demo"
SERVICE = "service"
"""The issuer of programs that an administrator has made a row of `people` for; nobody signs in as one of them."""
LOCAL_USER = Principal("local", "user", Role.ADMIN)
"""Whoever sits at the machine: the one person of the open mode, and every command."""


def visitor(token: str) -> Principal:
    """A visitor of the demo, known by a random cookie: reads the sample company, changes nothing."""
    return Principal(_DEMO, token, Role.MEMBER)


# What they may read.


def scope_of(
    principal: Principal, library: Library, *, collection: str | None = None, conversation: str | None = None
) -> Scope:
    """The collections this person may search.

    With `collection`, of those only the one of that name; raises UnknownCollection where they have none of that name.
    With the id of a `conversation` of this person, its own files with them.
    """
    shared = _granted(principal, library)
    if collection is not None:
        shared = frozenset({library.collection_named(collection, shared).id})
    return shared if conversation is None else shared | library.private(principal.key, conversation_id=conversation)


def readable_by(principal: Principal, library: Library) -> Scope:
    """The collections whose documents this person may open: those they may search, and the files of all their chats."""
    return scope_of(principal, library) | library.private(principal.key)


def _granted(principal: Principal, library: Library, *, for_change: bool = False) -> Scope:
    if principal.reads_all:
        return frozenset(collection.id for collection in library.collections())
    if principal.role is Role.WAITING or principal.person_id is None:
        return frozenset()
    with library.connect() as connection:
        granted = connection.execute(_grants(for_change=for_change), {"person_id": principal.person_id})
        return frozenset(granted.scalars())


@cache
def _grants(*, for_change: bool) -> Select[Any]:
    """The statement, made once: making it takes as long as carrying it out."""
    person_id: BindParameter[int] = bindparam("person_id")
    own_groups = select(memberships.c.group_id).where(memberships.c.person_id == person_id)
    everyone = select(groups.c.id).where(groups.c.is_everyone)
    # Everyone is who signed in; a program reads only what it was named for.
    is_person = select(people.c.id).where(people.c.id == person_id, people.c.issuer != SERVICE).exists()
    is_theirs: ColumnElement[bool] = or_(
        grants.c.person_id == person_id,
        grants.c.group_id.in_(own_groups),
        and_(grants.c.group_id.in_(everyone), is_person),
    )
    is_let_in = select(people.c.id).where(people.c.id == person_id, people.c.is_disabled.is_(False)).exists()
    is_shared = collections.c.conversation_id.is_(None)
    query = select(grants.c.collection_id).join(collections).where(is_shared, is_theirs, is_let_in)
    return query.where(grants.c.may_edit) if for_change else query


# What they may change.


def editable_by(principal: Principal, library: Library) -> Scope:
    """The collections into which this person may bring documents, and whose documents they may remove."""
    if principal.is_admin:
        return _granted(principal, library)
    return _granted(principal, library, for_change=True) if principal.role is Role.EDITOR else frozenset()


def may_create(principal: Principal) -> bool:
    """Whether this person may make collections."""
    return principal.role in {Role.EDITOR, Role.ADMIN}


def editable_collection(principal: Principal, library: Library, collection_id: str) -> Collection:
    """The collection of that id; raises UnknownCollection where this person may not change it."""
    return library.collection(collection_id, editable_by(principal, library))


def only_admin(principal: Principal) -> None:
    """Raises NotAllowed for anybody else."""
    _only(principal, lambda someone: someone.is_admin, "Only an administrator may do this; ask one.")


def only_editor(principal: Principal) -> None:
    """Raises NotAllowed for whoever may not make collections."""
    _only(principal, may_create, "Only an editor or an administrator may do this; ask one.")


def may_triage(principal: Principal) -> bool:
    """Whether this person works at the support desk, whose tickets are seen by nobody else."""
    return principal.role in DESK or principal.issuer == _DEMO


def only_support(principal: Principal) -> None:
    """Raises NotAllowed for whoever does not work at the support desk."""
    _only(principal, may_triage, "Only support staff may see tickets; ask an administrator.")


def _only(principal: Principal, allowed: Callable[[Principal], bool], hint: str) -> None:
    if not allowed(principal):
        raise NotAllowed(hint)

"""Groups of people, and which of them may read or change which collection. An administrator decides."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from assistant.access import Principal, only_admin
from assistant.accounts import ERASED
from assistant.errors import GroupRefused
from assistant.schema import grants, groups, memberships, people

_MOST_NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of people; everybody who signed in is in the one of everyone."""

    id: int
    name: str
    is_everyone: bool
    members: int
    """How many were put in it; of the group of everyone, how many people there are."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a collection is open to: a group or a person, by id, and whether they may change what is in it."""

    group_id: int | None
    person_id: int | None
    may_edit: bool


class Groups:
    """Reads and writes groups, who is in them, and grants. All of it raises NotAllowed but for administrators."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self, principal: Principal) -> tuple[Group, ...]:
        """Every group, that of everyone first, then by name."""
        only_admin(principal)
        count = func.count(memberships.c.person_id)
        query = select(groups, count.label("members")).outerjoin(memberships).group_by(groups.c.id)
        with self._engine.connect() as connection:
            is_somebody = people.c.issuer != ERASED
            everybody = connection.execute(select(func.count()).select_from(people).where(is_somebody)).scalar_one()
            rows = connection.execute(query.order_by(groups.c.is_everyone.desc(), func.lower(groups.c.name))).all()
        return tuple(
            Group(row.id, row.name, row.is_everyone, everybody if row.is_everyone else row.members) for row in rows
        )

    def create(self, name: str, principal: Principal) -> int:
        """The id of a new group; raises GroupRefused where the name is none or taken."""
        only_admin(principal)
        try:
            with self._engine.begin() as connection:
                new = connection.execute(insert(groups).values(name=_checked(name), is_everyone=False))
        except IntegrityError as error:
            raise GroupRefused("There is a group of this name already; choose another name.") from error
        assert new.inserted_primary_key is not None
        return int(new.inserted_primary_key[0])

    def rename(self, group_id: int, name: str, principal: Principal) -> None:
        """Give a group another name; raises GroupRefused where the name is none or taken."""
        only_admin(principal)
        is_it = (groups.c.id == group_id) & groups.c.is_everyone.is_(False)
        try:
            with self._engine.begin() as connection:
                connection.execute(update(groups).where(is_it).values(name=_checked(name)))
        except IntegrityError as error:
            raise GroupRefused("There is a group of this name already; choose another name.") from error

    def delete(self, group_id: int, principal: Principal) -> None:
        """Delete a group; what was granted to it is granted no more."""
        only_admin(principal)
        with self._engine.begin() as connection:
            connection.execute(delete(groups).where(groups.c.id == group_id, groups.c.is_everyone.is_(False)))

    def of_person(self, person_id: int, principal: Principal) -> frozenset[int]:
        """The groups in which a person was put, or is because their provider says so."""
        only_admin(principal)
        query = select(memberships.c.group_id).where(memberships.c.person_id == person_id)
        with self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def put_in(self, person_id: int, group_ids: frozenset[int], principal: Principal) -> None:
        """Put a person in exactly these groups; what their provider claims comes back with their next sign-in."""
        only_admin(principal)
        theirs = memberships.c.person_id == person_id
        known = select(groups.c.id).where(groups.c.id.in_(group_ids), groups.c.is_everyone.is_(False))
        with self._engine.begin() as connection:
            connection.execute(delete(memberships).where(theirs, memberships.c.group_id.not_in(group_ids)))
            kept = set(connection.execute(select(memberships.c.group_id).where(theirs)).scalars())
            for group_id in set(connection.execute(known).scalars()) - kept:
                values = {"person_id": person_id, "group_id": group_id, "is_claimed": False}
                connection.execute(insert(memberships).values(**values))

    def grants(self, collection_id: str, principal: Principal) -> tuple[Grant, ...]:
        """Whom a collection is open to."""
        only_admin(principal)
        query = select(grants).where(grants.c.collection_id == collection_id).order_by(grants.c.id)
        with self._engine.connect() as connection:
            return tuple(Grant(row.group_id, row.person_id, row.may_edit) for row in connection.execute(query))

    def grant(self, collection_id: str, wanted: tuple[Grant, ...], principal: Principal) -> None:
        """Open a collection to exactly these, from the next look at a page on."""
        only_admin(principal)
        with self._engine.begin() as connection:
            grant(connection, collection_id, wanted)


def grant(connection: Connection, collection_id: str, wanted: tuple[Grant, ...]) -> None:
    """Store whom a collection is open to, instead of what was stored. Whoever calls has asked whether they may."""
    connection.execute(delete(grants).where(grants.c.collection_id == collection_id))
    for each in dict.fromkeys(wanted):
        values = {"group_id": each.group_id, "person_id": each.person_id, "may_edit": each.may_edit}
        connection.execute(insert(grants).values(collection_id=collection_id, **values))


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _MOST_NAME_CHARS:
        raise GroupRefused(f"A group's name has 1 to {_MOST_NAME_CHARS} characters; choose another name.")
    return name

"""People, their sign-ins and invitations. Who somebody is (issuer and subject) never comes from a name or an address.

A sign-in is a row of ours beside the provider's cookie: it ends 12 hours after it was last used, 24 hours after it
began, when the person leaves or is disabled, and never begins again.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, Engine, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from assistant.access import DESK, SERVICE, Principal, Role, only_admin, only_support
from assistant.claims import Claims
from assistant.errors import NotAllowed, PersonNotFound, SignInRefused
from assistant.schema import api_keys, groups, invitations, memberships, people, sign_ins
from retrieval.dates import utc_now

ERASED = "erased"
"""The issuer of a row whose person was erased: all that is left are ended sign-ins, so that none of them begins anew."""
IDLE, LONGEST = timedelta(hours=12), timedelta(hours=24)
_COOKIES_LAST = timedelta(days=31)
"""A provider's cookie is good for 30 days."""
_SEEN_EVERY = timedelta(minutes=1)
_INVITATION_HOLDS = timedelta(hours=24)
_CODE_BYTES = 18
_ENDED = "You were signed out; sign in again to go on."
_DISABLED = "Your account is disabled; ask your administrator."
_NO_SUCH_CODE = "This code is not valid: it was used, it is too old, or it never was one. Ask for a new one."
_NO_ADMIN = "A program cannot look after Citewell; give it another role."
_LAST_ADMIN = "This is the last administrator; make somebody else one first."


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in once. Times are UTC."""

    id: int
    issuer: str
    subject: str
    name: str
    email: str
    role: Role
    is_disabled: bool
    created_at: datetime
    seen_at: datetime

    @property
    def principal(self) -> Principal:
        """This person as everything that takes an id knows them."""
        return Principal(self.issuer, self.subject, self.role, self.id)


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in that is still good. Times are UTC."""

    key: str
    person_id: int
    began_at: datetime
    seen_at: datetime


_SIGNED_IN = (
    select(people, sign_ins.c.key, sign_ins.c.began_at, sign_ins.c.ended_at, sign_ins.c.seen_at.label("looked_at"))
    .join(sign_ins)
    .where(sign_ins.c.key == bindparam("sign_in"))
)
"""A sign-in and its person, by one statement that is made once: every open page asks for it every few seconds."""


class Accounts:
    """Reads and writes people, sign-ins and invitations.

    `admit` says which verified address is let in by itself; `on_sign_in` hears who signed in, and from where.
    """

    def __init__(
        self,
        engine: Engine,
        admit: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], datetime] = utc_now,
        on_sign_in: Callable[[Person, str], None] = lambda *_: None,
    ) -> None:
        self._engine = engine
        self._admit = admit
        self._clock = clock
        self._on_sign_in = on_sign_in

    # Signing in.

    def recognise(self, claims: Claims, address: str = "") -> Person:
        """The person of a sign-in, at every look at a page; raises SignInRefused where it is over or they are disabled.

        The first look begins the sign-in and brings name, address, role and groups up to what the provider says.
        """
        try:
            person, has_begun = self._recognise(claims)
        except IntegrityError:  # Another tab of theirs began the same sign-in meanwhile.
            person, has_begun = self._recognise(claims)
        if has_begun:
            self._on_sign_in(person, address)
        return person

    def _recognise(self, claims: Claims) -> tuple[Person, bool]:
        """The person, and whether this look began the sign-in."""
        with self._engine.begin() as connection:
            row = connection.execute(_SIGNED_IN, {"sign_in": claims.sign_in}).first()
            if row is None:
                return self._begin(connection, claims), True
            person = _let_in(_of(row))
            if (person.issuer, person.subject) != (claims.issuer, claims.subject):
                raise SignInRefused(_ENDED)
            self._check(connection, row)
            return person, False

    def _begin(self, connection: Connection, claims: Claims) -> Person:
        person = _let_in(self._known(connection, claims))
        moment = self._clock()
        values = {"key": claims.sign_in, "person_id": person.id, "began_at": moment, "seen_at": moment}
        connection.execute(insert(sign_ins).values(**values))
        if claims.groups is not None:
            _claim_groups(connection, person.id, claims.groups)
        return person

    def _known(self, connection: Connection, claims: Claims) -> Person:
        moment = self._clock()
        said = {"name": claims.name, "email": claims.email, "seen_at": moment}
        if claims.role is not None:
            said["role"] = claims.role.value
        is_theirs = (people.c.issuer == claims.issuer) & (people.c.subject == claims.subject)
        if connection.execute(update(people).where(is_theirs).values(**said)).rowcount == 0:
            role = claims.role or (Role.MEMBER if self._admit(claims.email) else Role.WAITING)
            new = {"issuer": claims.issuer, "subject": claims.subject, "created_at": moment, "is_disabled": False}
            connection.execute(insert(people).values(**said | new | {"role": role.value}))
        return _of(connection.execute(select(people).where(is_theirs)).one())

    def _check(self, connection: Connection, row: Row[tuple[object, ...]]) -> None:
        moment = self._clock()
        if row.ended_at is not None or moment - row.began_at > LONGEST or moment - row.looked_at > IDLE:
            raise SignInRefused(_ENDED)
        if moment - row.looked_at > _SEEN_EVERY:
            connection.execute(update(sign_ins).where(sign_ins.c.key == row.key).values(seen_at=moment))

    def good_sign_in(self, issuer: str, subject: str) -> str | None:
        """The key of the newest sign-in of somebody that is still good: for whoever is vouched for at this moment."""
        is_theirs = (people.c.issuer == issuer) & (people.c.subject == subject)
        query = select(sign_ins.c.key).join(people).where(is_theirs, self._is_good())
        with self._engine.connect() as connection:
            return connection.execute(query.order_by(sign_ins.c.began_at.desc()).limit(1)).scalar()

    def _is_good(self) -> ColumnElement[bool]:
        moment = self._clock()
        return (
            sign_ins.c.ended_at.is_(None)
            & (sign_ins.c.began_at >= moment - LONGEST)
            & (sign_ins.c.seen_at >= moment - IDLE)
        )

    def leave(self, key: str) -> None:
        """End a sign-in for good, whether it was known or not."""
        with self._engine.begin() as connection:
            _end(connection, sign_ins.c.key == key, self._clock())

    def sign_ins(self, person_id: int, principal: Principal) -> tuple[SignIn, ...]:
        """The sign-ins of a person that are still good, the newest first; one's own, or anybody's for an administrator."""
        _own_or_admin(person_id, principal)
        query = select(sign_ins).where(sign_ins.c.person_id == person_id, self._is_good())
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(sign_ins.c.began_at.desc()))
            return tuple(SignIn(row.key, row.person_id, row.began_at, row.seen_at) for row in rows)

    def end_sign_ins(self, person_id: int, principal: Principal, *, but: str = "") -> None:
        """End every sign-in of a person, but for the one of this key; one's own, or anybody's for an administrator."""
        _own_or_admin(person_id, principal)
        with self._engine.begin() as connection:
            _end(connection, (sign_ins.c.person_id == person_id) & (sign_ins.c.key != but), self._clock())

    def end_sign_in(self, key: str, principal: Principal) -> None:
        """End one of one's own sign-ins; nothing happens to anybody else's."""
        with self._engine.begin() as connection:
            _end(connection, (sign_ins.c.key == key) & (sign_ins.c.person_id == principal.person_id), self._clock())

    # Invitations.

    def invite(self, role: Role, principal: Principal) -> str:
        """A code that gives whoever enters it this role, once, within a day; raises NotAllowed."""
        only_admin(principal)
        code, moment = secrets.token_urlsafe(_CODE_BYTES), self._clock()
        values = {"key": _hash(code), "role": role.value, "created_at": moment}
        with self._engine.begin() as connection:
            connection.execute(insert(invitations).values(**values, expires_at=moment + _INVITATION_HOLDS))
        return code

    def redeem(self, code: str, principal: Principal) -> Person:
        """Take the role that a code gives, which nobody can use again; raises SignInRefused for a code that is none."""
        key = invitations.c.key == _hash(code.strip())
        with self._engine.begin() as connection:
            row = connection.execute(select(invitations).where(key)).first()
            # Whose delete takes the row has the code; the other of two who enter it at once comes too late.
            if row is None or connection.execute(delete(invitations).where(key)).rowcount == 0:
                raise SignInRefused(_NO_SUCH_CODE)
            if self._clock() > row.expires_at or principal.person_id is None:
                raise SignInRefused(_NO_SUCH_CODE)
            connection.execute(update(people).where(people.c.id == principal.person_id).values(role=row.role))
            return _person(connection, principal.person_id)

    # Looking after people.

    def list(self, principal: Principal) -> tuple[Person, ...]:
        """Everybody who signed in once, those who wait to be let in first, then by name; raises NotAllowed."""
        only_admin(principal)
        waits_first = (people.c.role != Role.WAITING.value, func.lower(people.c.name), people.c.id)
        with self._engine.connect() as connection:
            query = select(people).where(people.c.issuer != ERASED).order_by(*waits_first)
            return tuple(_of(row) for row in connection.execute(query))

    def at_desk(self, principal: Principal) -> tuple[Person, ...]:
        """Who works at the support desk, by name, for those who do so too; raises NotAllowed."""
        only_support(principal)
        is_here = (people.c.role.in_([role.value for role in DESK])) & people.c.is_disabled.is_(False)
        query = select(people).where(is_here).order_by(func.lower(people.c.name), people.c.id)
        with self._engine.connect() as connection:
            return tuple(_of(row) for row in connection.execute(query))

    def forget_erased(self) -> None:
        """Forget the sign-ins of people who were erased so long ago that no cookie of them is good any more."""
        is_old = (people.c.issuer == ERASED) & (people.c.seen_at < self._clock() - _COOKIES_LAST)
        with self._engine.begin() as connection:
            connection.execute(delete(people).where(is_old))

    def person(self, person_id: int, principal: Principal) -> Person:
        """Somebody who signed in once: oneself, or anybody for an administrator; raises PersonNotFound."""
        query = select(people).where(people.c.id == person_id, people.c.issuer != ERASED)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None or not (principal.is_admin or person_id == principal.person_id):
            raise PersonNotFound
        return _of(row)

    def set_role(self, person_id: int, role: Role, principal: Principal) -> None:
        """Give a person a role; raises NotAllowed, also where nobody would be left to look after Citewell."""
        only_admin(principal)
        if role is Role.ADMIN and self.person(person_id, principal).issuer == SERVICE:
            raise NotAllowed(_NO_ADMIN)
        with self._engine.begin() as connection, keeping_an_admin(connection):
            connection.execute(update(people).where(people.c.id == person_id).values(role=role.value))

    def set_disabled(self, person_id: int, principal: Principal, *, disabled: bool) -> None:
        """Shut a person out, and end their sign-ins and API keys, or let them in again; raises NotAllowed."""
        only_admin(principal)
        with self._engine.begin() as connection, keeping_an_admin(connection):
            connection.execute(update(people).where(people.c.id == person_id).values(is_disabled=disabled))
            if disabled:
                _end(connection, sign_ins.c.person_id == person_id, self._clock())
                connection.execute(delete(api_keys).where(api_keys.c.person_id == person_id))


def _own_or_admin(person_id: int, principal: Principal) -> None:
    if person_id != principal.person_id:
        only_admin(principal)


def _let_in(person: Person) -> Person:
    if person.issuer in {ERASED, SERVICE}:
        raise SignInRefused(_ENDED)
    if person.is_disabled:
        raise SignInRefused(_DISABLED)
    return person


@contextmanager
def keeping_an_admin(connection: Connection) -> Iterator[None]:
    """Raises NotAllowed where what is done within leaves nobody to look after Citewell, where somebody was."""
    is_admin = (people.c.role == Role.ADMIN.value) & people.c.is_disabled.is_(False)
    admins = select(people.c.id).where(is_admin)
    # Locked, so that of two who leave at once the second sees that the first is gone.
    before = connection.execute(admins.with_for_update(key_share=True)).all()
    yield
    if before and connection.execute(admins.limit(1)).first() is None:
        raise NotAllowed(_LAST_ADMIN)


def _claim_groups(connection: Connection, person_id: int, names: tuple[str, ...]) -> None:
    """Be in exactly the groups that are claimed, beside those that an administrator gave."""
    theirs = memberships.c.person_id == person_id
    connection.execute(delete(memberships).where(theirs, memberships.c.is_claimed))
    given = set(connection.execute(select(memberships.c.group_id).where(theirs)).scalars())
    for name in names:
        group_id = _group(connection, name)
        if group_id is not None and group_id not in given:
            values = {"person_id": person_id, "group_id": group_id, "is_claimed": True}
            connection.execute(insert(memberships).values(**values))


def _group(connection: Connection, name: str) -> int | None:
    """The id of the group of that name, made if it is new; None for the group of everyone, which has no members."""
    row = connection.execute(select(groups).where(groups.c.name == name)).first()
    if row is not None:
        return None if row.is_everyone else int(row.id)
    key = connection.execute(insert(groups).values(name=name, is_everyone=False)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _end(connection: Connection, which: ColumnElement[bool], moment: datetime) -> None:
    connection.execute(update(sign_ins).where(which, sign_ins.c.ended_at.is_(None)).values(ended_at=moment))


def _person(connection: Connection, person_id: int) -> Person:
    return _of(connection.execute(select(people).where(people.c.id == person_id)).one())


def _of(row: Row[tuple[object, ...]]) -> Person:
    return Person(
        row.id,
        row.issuer,
        row.subject,
        row.name,
        row.email,
        Role(row.role),
        row.is_disabled,
        row.created_at,
        row.seen_at,
    )


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()

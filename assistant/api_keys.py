"""API keys: what lets a program in as the person who made it, or as a service that an administrator made.

Only a hash is stored: the key itself is 32 random bytes, which nobody guesses, so one round of SHA-256 is enough. A
service is a row of `people` with an issuer of its own, so that roles, groups, grants, disabling and erasure are those
of a person. A revoked key is deleted; the audit log says that there was one.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, get_args

from sqlalchemy import Engine, Select, and_, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from assistant.access import LOCAL_USER, SERVICE, Principal, Role, only_admin
from assistant.errors import ChoiceRefused, KeyNotFound, KeyRefused, LimitReached, NotAllowed, PersonNotFound
from assistant.schema import api_keys, people
from retrieval.dates import utc_now

KeyScope = Literal["ask", "search", "check", "triage", "documents:read", "documents:write", "feedback"]
SCOPES: tuple[KeyScope, ...] = get_args(KeyScope)
"""What a key may be made for; beyond what its owner may do it opens nothing."""
BEGINNING = "cwk_"
MOST_DAYS, DAYS = 366, 90
MOST_CALLS_A_MINUTE, CALLS_A_MINUTE = 6_000, 60
MOST_NAME_CHARS = 80
MOST_KEYS = 20
SERVICE_ROLES = (Role.MEMBER, Role.SUPPORT, Role.EDITOR)
_HINT_CHARS = 9
_KEY_BYTES = 32
_EXPIRED_STAYS = timedelta(days=30)
_TAKEN = "There is a service of this name already; choose another name."


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its owner and administrators see it: never the key itself. Times are UTC."""

    id: int
    name: str
    hint: str
    owner: str
    owner_name: str
    scopes: tuple[KeyScope, ...]
    calls_a_minute: int
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None

    @property
    def as_recorded(self) -> dict[str, Any]:
        """What the audit log is told of it beside its name."""
        return {"owner": self.owner, "hint": self.hint, "scopes": list(self.scopes)}

    def is_expired(self, now: datetime) -> bool:
        """Whether it lets nobody in any more."""
        return now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new key is to be."""

    name: str
    scopes: tuple[KeyScope, ...]
    days: int = DAYS
    calls_a_minute: int = CALLS_A_MINUTE


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key; `secret` is shown to whoever made it, once."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class Service:
    """A program with a role and grants of its own."""

    id: int
    name: str
    role: Role

    @property
    def principal(self) -> Principal:
        """The service as everything that takes an id knows it."""
        return Principal(SERVICE, self.name, self.role, self.id)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is behind a call, and what the key was made for."""

    key_id: int
    principal: Principal
    scopes: frozenset[KeyScope]


class ApiKeys:
    """Makes, lists, recognises and revokes keys. `is_open`: nobody signs in, and there is one user."""

    def __init__(self, engine: Engine, *, is_open: bool, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._is_open = is_open
        self._clock = clock

    # A person's own.

    def create(self, wanted: Wanted, principal: Principal) -> MadeKey:
        """A key of one's own. Raises NotAllowed for whoever has no account, and ChoiceRefused for what cannot be."""
        if principal.role is Role.WAITING or (principal.person_id is None and not self._is_open):
            raise NotAllowed("API keys are for people who signed in and were let in; for a program, make a service.")
        return self._make(wanted, principal)

    def mine(self, principal: Principal) -> tuple[ApiKey, ...]:
        """One's own keys, the newest first."""
        return self._read(_keys().where(api_keys.c.owner == principal.key))

    def revoke(self, key_id: int, principal: Principal) -> ApiKey:
        """End a key for good: one's own, or anybody's for an administrator; returns what it was. Raises KeyNotFound."""
        known = {key.id: key for key in (self.all(principal) if principal.is_admin else self.mine(principal))}
        if key_id not in known:
            raise KeyNotFound
        with self._engine.begin() as connection:
            connection.execute(delete(api_keys).where(api_keys.c.id == key_id))
        return known[key_id]

    # What an administrator looks after.

    def all(self, principal: Principal) -> tuple[ApiKey, ...]:
        """Everybody's keys, the newest first; raises NotAllowed."""
        only_admin(principal)
        return self._read(_keys())

    def services(self, principal: Principal) -> tuple[Service, ...]:
        """The services that are not shut out, by name; raises NotAllowed."""
        only_admin(principal)
        query = select(people).where(people.c.issuer == SERVICE, people.c.is_disabled.is_(False))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(func.lower(people.c.name)))
            return tuple(Service(row.id, row.subject, Role(row.role)) for row in rows)

    def create_service(self, name: str, role: Role, principal: Principal) -> Service:
        """A service, which may read nothing until it is granted something; raises NotAllowed and ChoiceRefused."""
        only_admin(principal)
        name, moment = _name(name), self._clock()
        if role not in SERVICE_ROLES:
            raise ChoiceRefused("A service is a member, support or an editor; choose one of these roles.")
        named = {"issuer": SERVICE, "subject": name, "name": name, "email": "", "role": role.value}
        values = {**named, "is_disabled": False, "created_at": moment, "seen_at": moment}
        try:
            with self._engine.begin() as connection:
                made = connection.execute(insert(people).values(**values)).inserted_primary_key
        except IntegrityError as error:
            raise ChoiceRefused(_TAKEN) from error
        assert made is not None
        return Service(int(made[0]), name, role)

    def create_for_service(self, service_id: int, wanted: Wanted, principal: Principal) -> MadeKey:
        """A key of a service's; raises NotAllowed, PersonNotFound and ChoiceRefused."""
        service = next((each for each in self.services(principal) if each.id == service_id), None)
        if service is None:
            raise PersonNotFound
        return self._make(wanted, service.principal)

    # At each call.

    def recognise(self, secret: str) -> Caller:
        """Whom a key lets in, and count the call. Raises KeyRefused, and LimitReached where it was used too often."""
        columns = (people.c.issuer, people.c.subject, people.c.role, people.c.is_disabled)
        query = select(api_keys, *columns).outerjoin(people).where(api_keys.c.hash == _hash(secret))
        with self._engine.begin() as connection:
            row = connection.execute(query).first()
            if row is None or self._clock() >= row.expires_at:
                raise KeyRefused
            caller = Caller(row.id, self._principal_of(row), frozenset(row.scopes))
            self._count(connection, row)
        return caller

    def still_lets_in(self, key_id: int) -> bool:
        """Whether a key that was recognised a moment ago is still good; this counts as no call."""
        columns = (people.c.issuer, people.c.subject, people.c.role, people.c.is_disabled)
        query = select(api_keys, *columns).outerjoin(people).where(api_keys.c.id == key_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        try:
            return row is not None and self._clock() < row.expires_at and bool(self._principal_of(row))
        except KeyRefused:
            return False

    def _principal_of(self, row: Any) -> Principal:
        if row.person_id is None and self._is_open:
            return LOCAL_USER
        if row.person_id is None:
            raise KeyRefused
        principal = Principal(row.issuer, row.subject, Role(row.role), row.person_id)
        if row.is_disabled or principal.role is Role.WAITING:
            raise KeyRefused
        return principal

    def _count(self, connection: Any, row: Any) -> None:
        """One statement, so that of two calls at once one alone takes what is left."""
        now = self._clock()
        minute = now.replace(second=0, microsecond=0)
        is_this, calls = api_keys.c.minute_at == minute, api_keys.c.minute_calls
        has_room = and_(is_this, calls >= api_keys.c.calls_a_minute).is_not(True)
        counted = {"minute_at": minute, "minute_calls": case((is_this, calls + 1), else_=1), "used_at": now}
        if not connection.execute(update(api_keys).where(api_keys.c.id == row.id, has_room).values(counted)).rowcount:
            used_up = f"This API key has made its {row.calls_a_minute:,} calls of this minute"
            raise LimitReached("calls_a_minute", used_up, minute + timedelta(minutes=1))

    def forget_expired(self) -> None:
        """Delete the rows of keys that let nobody in for a month."""
        with self._engine.begin() as connection:
            connection.execute(delete(api_keys).where(api_keys.c.expires_at < self._clock() - _EXPIRED_STAYS))

    def _make(self, wanted: Wanted, principal: Principal) -> MadeKey:
        wanted = _checked(wanted)
        if len(self.mine(principal)) >= MOST_KEYS:
            raise ChoiceRefused(f"{MOST_KEYS} API keys are the most; revoke one that is not needed any more.")
        secret, moment = BEGINNING + secrets.token_urlsafe(_KEY_BYTES), self._clock()
        values = {
            "hash": _hash(secret),
            "hint": secret[:_HINT_CHARS],
            "name": wanted.name,
            "owner": principal.key,
            "person_id": principal.person_id,
            "scopes": list(wanted.scopes),
            "created_at": moment,
            "expires_at": moment + timedelta(days=wanted.days),
            "calls_a_minute": wanted.calls_a_minute,
            "minute_calls": 0,
        }
        with self._engine.begin() as connection:
            made = connection.execute(insert(api_keys).values(**values)).inserted_primary_key
        assert made is not None
        (key,) = self._read(_keys().where(api_keys.c.id == made[0]))
        return MadeKey(key, secret)

    def _read(self, query: Select[Any]) -> tuple[ApiKey, ...]:
        with self._engine.connect() as connection:
            return tuple(_key(row) for row in connection.execute(query.order_by(api_keys.c.id.desc())))


def _keys() -> Select[Any]:
    return select(api_keys, people.c.name.label("owner_name")).outerjoin(people)


def _key(row: Any) -> ApiKey:
    return ApiKey(
        row.id,
        row.name,
        row.hint,
        row.owner,
        row.owner_name or "whoever sits at the machine",
        tuple(row.scopes),
        row.calls_a_minute,
        row.created_at,
        row.expires_at,
        row.used_at,
    )


def _checked(wanted: Wanted) -> Wanted:
    scopes = tuple(scope for scope in SCOPES if scope in wanted.scopes)
    if not scopes or len(scopes) != len(set(wanted.scopes)):
        raise ChoiceRefused(f"An API key is made for one or more of {', '.join(SCOPES)}.")
    if not 1 <= wanted.days <= MOST_DAYS:
        raise ChoiceRefused(f"An API key is good for 1 to {MOST_DAYS} days.")
    if not 1 <= wanted.calls_a_minute <= MOST_CALLS_A_MINUTE:
        raise ChoiceRefused(f"An API key makes 1 to {MOST_CALLS_A_MINUTE:,} calls a minute.")
    return Wanted(_name(wanted.name), scopes, wanted.days, wanted.calls_a_minute)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME_CHARS:
        raise ChoiceRefused(f"A name has 1 to {MOST_NAME_CHARS} characters; choose another one.")
    return name


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

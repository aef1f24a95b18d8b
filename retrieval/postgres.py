"""What only PostgreSQL needs: how it is connected to, what its server must be able to do, and what its errors mean.

A server that is being started anew is waited for where a connection is made. A statement that it broke off raises
HomeUnreachable; `retrieval.outage` tries again what may be done twice.
"""

import json
import re
import threading
import time
from typing import Any

import psycopg
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Connection, Dialect, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError

from retrieval.errors import (
    FULL,
    HomeDamaged,
    HomeError,
    HomeFull,
    HomeInUse,
    HomeNotWritable,
    HomeRefused,
    HomeUnreachable,
)

_OLDEST = 130_000
"""PostgreSQL 13, the first one that has `normalize`."""
_MOST_CONNECTIONS = 16
"""Of one process: a server takes 100 where nothing else is set, and five processes stay within that."""
_CONNECT_S = 5
_WAITS_S = 10.0
_AGAIN_S = 0.1
_MIGRATING = 0x43495445
"""The advisory lock of whoever changes the schema."""
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_HALVES = re.compile("[\ud800-\udfff]")
_AWAY = frozenset({"57P01", "57P02", "57P03", "53300"})
"""Shut down, crashed, starting, full of connections: passes by itself."""
_HELD = frozenset({"55P03", "40P01", "40001"})

_CONNECTION = {
    "connect_timeout": _CONNECT_S,
    "client_encoding": "utf8",
    "application_name": "citewell",
    # A server that fell silent is given up after half a minute, not after two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_SESSION = "SELECT set_config('TimeZone', 'UTC', false), set_config('lock_timeout', '20s', false)"
_SERVER = (
    "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),"
    " EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu')"
)


def new_engine(url: str, *, waits: bool = True) -> Engine:
    """An engine on a server that can be used; raises HomeUnreachable or HomeRefused.

    One that `waits` gives a server that is away some seconds to come back, whenever it connects.
    """
    address = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(
        address,
        connect_args={name: value for name, value in _CONNECTION.items() if name not in address.query},
        isolation_level="READ COMMITTED",
        json_serializer=_as_json,
        # What people wrote stands in parameters, and errors in logs.
        hide_parameters=True,
        pool_pre_ping=True,
        pool_recycle=1800,
        # Those that are open stay open: making one takes longer than most of what is asked.
        pool_size=_MOST_CONNECTIONS,
        max_overflow=0,
    )
    event.listen(engine, "handle_error", _as_home_error, retval=True)
    if waits:
        event.listen(engine, "do_connect", _Patient())
    event.listen(engine, "connect", _prepare)
    try:
        with engine.connect() as connection:
            _check_server(*connection.exec_driver_sql(_SERVER).one())
    except HomeError:
        engine.dispose()
        raise
    return engine


def begin_migrating(connection: Connection) -> None:
    """Wait until nobody else changes the schema; nobody else does until the transaction ends."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")


def as_refusal(error: DatabaseError) -> HomeError:
    """What an error means that came up when the schema was looked at."""
    return HomeRefused(f"The database cannot be used ({_reason(error.orig)}); check DATABASE_URL and its rights.")


class _Patient:
    """Connects; waits a while for a server that is away, and no longer while it stays away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_answered = False
        self._away_since: float | None = None

    def __call__(self, dialect: Dialect, _record: Any, args: Any, settings: Any) -> Any:
        """A connection of the driver's."""
        while True:
            try:
                connection = dialect.connect(*args, **settings)
            except psycopg.OperationalError as error:
                if self._is_refusal(error) or self._is_away_for_long():
                    raise
                time.sleep(_AGAIN_S)
            else:
                with self._lock:
                    self._has_answered, self._away_since = True, None
                return connection

    def _is_refusal(self, error: psycopg.OperationalError) -> bool:
        """Whether there is a server that never let us in: a wrong name or password. The driver has no code for that."""
        return not self._has_answered and "FATAL" in str(error) and "starting up" not in str(error)

    def _is_away_for_long(self) -> bool:
        now = time.monotonic()
        with self._lock:
            if self._away_since is None:
                self._away_since = now
            return now - self._away_since >= _WAITS_S


class _WithoutNul(StrDumperUnknown):
    """Texts as PostgreSQL takes them: it has no NUL, so U+FFFD stands for it, and every place in a text stays."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


def _as_json(value: Any) -> str:
    """PostgreSQL keeps any JSON, but reads none of which a character is NUL or half of a surrogate pair."""
    return _NUL.sub(r"\1\\ufffd", _HALVES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def _prepare(connection: psycopg.Connection[Any], _record: Any) -> None:
    connection.adapters.register_dumper(str, _WithoutNul)
    connection.execute(_SESSION)
    connection.commit()


def _check_server(version: int, encoding: str, has_rules: bool) -> None:
    if version < _OLDEST:
        raise HomeRefused(f"The database's server is PostgreSQL {version // 10_000}; it has to be 13 or newer.")
    if encoding != "UTF8":
        raise HomeRefused(
            f"The database keeps texts as {encoding}; make it anew: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'."
        )
    if not has_rules:
        raise HomeRefused("The database's server was built without ICU; use one that has it, as PostgreSQL's own have.")


def _as_home_error(context: ExceptionContext) -> HomeError | None:
    """What happened to the database, for those errors that are about it and not about a statement."""
    error = context.original_exception
    if not isinstance(error, psycopg.Error) or context.is_pre_ping:  # Then another connection is made.
        return None
    state, reason = error.sqlstate or "", _reason(error)
    is_no_connection = context.connection is None and isinstance(error, psycopg.OperationalError)
    if context.is_disconnect or is_no_connection or state in _AWAY or state.startswith("08"):
        return HomeUnreachable(
            f"The database's server does not answer ({reason}); what was stored is safe. "
            "Try again in a moment; if that does not help, check that it runs and what DATABASE_URL says."
        )
    if state in _HELD:
        return HomeInUse("Somebody else is changing the same data right now; try again in a moment.")
    if state.startswith("53"):
        return (
            HomeFull(FULL) if state == "53100" else HomeUnreachable(f"The database's server is overloaded ({reason}).")
        )
    if state in {"25006", "42501"}:
        return HomeNotWritable(f"The database cannot be written ({reason}); check the rights of its user, then retry.")
    if state.startswith("XX"):
        return HomeDamaged(f"The database is damaged ({reason}). Look into its server's log, and restore a backup.")
    return None


def _reason(error: BaseException | None) -> str:
    """The driver's own words; its further lines guess at causes."""
    return " ".join(str(error).strip().partition("\n")[0].split())[:300]

"""What can be told of an endpoint's address before anything is sent there."""

from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def may_be_private(url: str) -> bool:
    """Whether an address is on this machine or a private network, as far as numbers tell; a name may be either."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_private
    return bool(host)


def postgresql_address(url: str) -> str:
    """A PostgreSQL address as SQLAlchemy asks for it by psycopg 3; raises ValueError for any other database's."""
    scheme, separator, rest = url.partition("://")
    if not separator or not rest or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError("it is no address like postgresql://citewell:password@db/citewell")
    return f"postgresql+psycopg://{rest}"


def is_web_address(url: str) -> bool:
    """Whether it is http or https with a host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """The address without a user name and password, and these two, None where it has neither.

    Clients log the addresses that they ask.
    """
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url, None
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, (unquote(parts.username or ""), unquote(parts.password or ""))


def shown(url: str) -> str:
    """The address without a user name or password in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

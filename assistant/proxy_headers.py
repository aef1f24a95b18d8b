"""The headers with which an identity proxy that signs nothing says who somebody is: believed from its addresses alone."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from assistant.errors import SignInRefused

_NOT_FROM_THERE = "This address is reached through your organisation's sign-in; open Citewell from there."


@dataclass(frozen=True, slots=True)
class ProxyHeaders:
    """The names of the headers, and the networks from which they are believed."""

    user: str = "X-Forwarded-User"
    email: str = "X-Forwarded-Email"
    groups: str = "X-Forwarded-Groups"
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """In small letters."""
        return frozenset(name.lower() for name in (self.user, self.email, self.groups))

    @property
    def issuer(self) -> str:
        """Who vouches for whoever comes this way: no address, so no provider's issuer equals it."""
        return f"headers of a proxy: {self.user}"

    def believes(self, address: str) -> bool:
        """Whether the machine at this address is the proxy."""
        with suppress(ValueError):
            there = ip_address(address)
            there = getattr(there, "ipv4_mapped", None) or there
            return any(there in network for network in self.networks)
        return False

    def claims(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """What the headers say, for `claims_of`; raises SignInRefused where they name nobody.

        Headers that a proxy did not send never get this far. It vouches for the address as it does for the name.
        """
        user = (headers.get(self.user) or "").strip()
        if not user:
            raise SignInRefused(_NOT_FROM_THERE)
        said: dict[str, Any] = {
            "iss": self.issuer,
            "sub": user,
            "email": headers.get(self.email),
            "email_verified": True,
        }
        groups = headers.get(self.groups)
        return said if groups is None else said | {"groups": groups.split(",")}


def networks_of(addresses: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks as they are compared; raises ValueError for what is none."""
    return tuple(ip_network(address) for address in addresses)

"""A model endpoint as an administrator chose it on the page: what may be chosen, and how it stands in for the settings."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import PlainSerializer, SecretStr, TypeAdapter

from assistant.choices import Choice
from assistant.endpoint import is_exposed
from assistant.errors import ChoiceRefused
from assistant.llm import OPENAI_URL
from assistant.settings import Settings
from assistant.usage import Prices
from retrieval.addresses import is_web_address, shown

MOST_FURTHER = 20
MOST_ADDRESS_CHARS, MOST_KEY_CHARS, MOST_NAME_CHARS, MOST_CURRENCY_CHARS = 500, 4_000, 200, 8
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f]*:[0-9a-f:.]*", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}

Key = Annotated[SecretStr, PlainSerializer(lambda key: key.get_secret_value(), when_used="json")]
"""Shown by no `repr`; JSON, as it is kept in the database, has it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Its address, its key, the model that answers by itself and those that may be chosen beside it.

    `model` None: the endpoint's first. `prices` are by a model's name, "" for one that is not named.
    """

    address: str
    key: Key | None = None
    model: str | None = None
    further: tuple[str, ...] = ()
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """What a million tokens cost: those that are sent, those that are written."""
    currency: str = "USD"

    @property
    def names(self) -> tuple[str, ...]:
        """All its models, the one that answers by itself first; that one is "" where it is not named."""
        return tuple(dict.fromkeys((self.model or "", *self.further)))

    def priced(self) -> dict[str, Prices]:
        """The prices by a model's name."""
        return {name: Prices(*pair, self.currency) for name, pair in self.prices.items()}

    def in_place_of(self, settings: Settings) -> Settings:
        """The settings with this endpoint in them. Their own key goes to the place that it was given for, no other."""
        theirs = settings.openai_base_url or OPENAI_URL
        key = self.key or (settings.openai_api_key if origin(theirs) == origin(self.address) else None)
        prompt, completion = self.prices.get(self.model or "", (None, None))
        return settings.model_copy(
            update={
                # The settings may have a password in theirs, which the page never sees.
                "openai_base_url": theirs if shown(theirs) == self.address else self.address,
                "openai_api_key": key,
                "model": self.model,
                "models": self.further,
                "price_input": prompt,
                "price_output": completion,
                "currency": self.currency,
            }
        )


ENDPOINT: Choice[Endpoint] = Choice("endpoint", TypeAdapter(Endpoint))


def endpoint_of(settings: Settings) -> Endpoint | None:
    """What the settings say, without key and password; None where they name no endpoint."""
    if not settings.has_model:
        return None
    prices = settings.prices
    return Endpoint(
        shown(settings.openai_base_url or OPENAI_URL),
        None,
        settings.model,
        settings.further_models,
        {settings.model or "": (prices.prompt, prices.completion)} if prices else {},
        settings.currency,
    )


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: whom a key is sent to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def checked(endpoint: Endpoint) -> Endpoint:
    """The endpoint as it may be kept; raises ChoiceRefused, whose words repeat neither key nor address."""
    address, key = _checked_address(endpoint.address), _checked_key(endpoint.key)
    model = _checked_name(endpoint.model or "") or None
    further = dict.fromkeys(name for each in endpoint.further if (name := _checked_name(each)) not in ("", model))
    if len(further) > MOST_FURTHER:
        raise ChoiceRefused(f"At most {MOST_FURTHER} further models may be chosen; take some away.")
    cleaned = replace(endpoint, address=address, key=key, model=model, further=tuple(further))
    prices = {name: endpoint.prices[name] for name in cleaned.names if name in endpoint.prices}
    if not all(math.isfinite(price) and price >= 0 for pair in prices.values() for price in pair):
        raise ChoiceRefused("A price is 0 or more; correct it, or leave it out.")
    currency = endpoint.currency.strip()
    if not currency.isprintable() or not 0 < len(currency) <= MOST_CURRENCY_CHARS:
        raise ChoiceRefused(f"A currency has 1 to {MOST_CURRENCY_CHARS} characters, such as EUR; correct it.")
    return replace(cleaned, prices=prices, currency=currency)


def refuse_exposed(settings: Settings) -> None:
    """Raises ChoiceRefused where the key would travel unencrypted to another machine."""
    address = settings.openai_base_url
    if address and settings.openai_api_key is not None and is_exposed(address):
        raise ChoiceRefused(f"The key would travel unencrypted to {urlsplit(address).hostname}; use https, or no key.")


def _checked_address(text: str) -> str:
    address = text.strip().rstrip("/")
    is_one = len(address) <= MOST_ADDRESS_CHARS and address.isprintable() and not re.search(r"\s", address)
    if not is_one or not is_web_address(address) or not _HOST.fullmatch(urlsplit(address).hostname or ""):
        raise ChoiceRefused("This is no address of an endpoint; give one like https://api.example.com/v1.")
    parts = urlsplit(address)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ChoiceRefused("An address has no password, no ? and no # in it; give the key in its own field.")
    return address


def _checked_key(key: SecretStr | None) -> SecretStr | None:
    text = key.get_secret_value().strip() if key is not None else ""
    if not re.fullmatch(rf"[\x21-\x7e]{{0,{MOST_KEY_CHARS}}}", text):
        raise ChoiceRefused("This is no key: it is too long, or has spaces or letters in it that no key has.")
    return SecretStr(text) if text else None


def _checked_name(name: str) -> str:
    name = name.strip()
    if not is_name(name) and name:
        raise ChoiceRefused(f"The name of a model has at most {MOST_NAME_CHARS} characters on one line; correct it.")
    return name


def is_name(name: object) -> bool:
    """Whether a model may be called so."""
    return isinstance(name, str) and 0 < len(name.strip()) <= MOST_NAME_CHARS and name.isprintable()

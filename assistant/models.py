"""The models that answer: those of the settings, or those that an administrator chose in their place.

What is chosen holds from the next question on, in every session. A key never leaves here but for the endpoint that it
was given for: another scheme, host or port needs it anew, for a test and a list of models too.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from assistant.access import Principal, only_admin
from assistant.choices import Chosen
from assistant.chosen_endpoint import ENDPOINT, Endpoint, checked, endpoint_of, is_name, origin, refuse_exposed
from assistant.errors import ChoiceRefused, ModelFailed
from assistant.home import database_of, has_database
from assistant.llm import ChatModel, Deadlines, Message, OpenAIModel, TextPiece
from assistant.secrecy import MASKER
from assistant.settings import Settings
from assistant.usage import Prices
from prompts import render
from retrieval.addresses import shown
from retrieval.database import open_database
from retrieval.errors import RetrievalError

log = logging.getLogger(__name__)
_LOOK_EVERY_S = 2.0
_TRIAL = Deadlines(first_token_s=15.0, idle_s=5.0, total_s=20.0)
_NOTHING = "The model answered with nothing; try it again, or choose another."


@dataclass(frozen=True, slots=True)
class Lineup:
    """Who answers: the model that does so by itself, None where there is none, and those that may be chosen, by name."""

    settings: Settings
    """The settings with what was chosen in them."""
    model: ChatModel | None
    further: Mapping[str, ChatModel]
    prices: Mapping[str, Prices]
    """By a model's name, "" for one that is not named."""
    number: int
    """Another one for each change."""

    @property
    def usual_prices(self) -> Prices | None:
        """What the model costs that answers by itself."""
        return self.prices.get(self.settings.model or "")


@dataclass(frozen=True, slots=True)
class EndpointState:
    """What a page may show: the endpoint in force without its key, and where each of the two comes from."""

    endpoint: Endpoint | None
    is_chosen: bool
    key: Literal["chosen", "settings", "none"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A model that answered, and how long its first word took."""

    model: str
    first_token_s: float


class Models:
    """Knows who answers now; only an administrator changes it. Safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        chosen: Chosen,
        connect: Callable[[Settings], tuple[ChatModel | None, Mapping[str, ChatModel]]],
    ) -> None:
        """`connect` makes the clients of what settings name: the usual model and the further ones."""
        self._settings = settings
        self._chosen = chosen
        self._connect = connect
        self._changing = threading.Lock()
        self._numbers = count()
        self._in_force = chosen.get(ENDPOINT)
        self._lineup = self._lineup_of(self._in_force)
        self._looked_at = time.monotonic()

    @property
    def lineup(self) -> Lineup:
        """Who answers at this moment; another one from the next change on, at once here, soon in other processes."""
        if time.monotonic() - self._looked_at >= _LOOK_EVERY_S and self._changing.acquire(blocking=False):
            try:
                self._looked_at = time.monotonic()
                self._follow(self._chosen.get(ENDPOINT))
            except (SQLAlchemyError, RetrievalError):  # Whoever answered goes on while the database is away.
                log.warning("the database could not be asked which model was chosen", exc_info=True)
            finally:
                self._changing.release()
        return self._lineup

    @lineup.setter
    def lineup(self, lineup: Lineup) -> None:
        """Let these answer here, until others are chosen."""
        self._lineup = lineup

    def state(self, principal: Principal) -> EndpointState:
        """What is in force; raises NotAllowed."""
        only_admin(principal)
        chosen = self._chosen.get(ENDPOINT)
        if chosen is None:
            has_key = self._settings.openai_api_key is not None
            return EndpointState(endpoint_of(self._settings), False, "settings" if has_key else "none")
        is_given = chosen.in_place_of(self._settings).openai_api_key is not None
        return EndpointState(
            replace(chosen, key=None), True, "chosen" if chosen.key else "settings" if is_given else "none"
        )

    def choose(self, wanted: Endpoint, principal: Principal) -> Endpoint:
        """Answer by this endpoint from now on; without a key, by the kept one. Returns it as it is kept, without key.

        Raises NotAllowed, and ChoiceRefused where it may not be or needs its key anew.
        """
        only_admin(principal)
        with self._changing:
            endpoint = self._with_key(wanted)
            self._take(endpoint)
        return replace(endpoint, key=None)

    def forget_key(self, principal: Principal) -> None:
        """Remove the key that was given on the page; raises NotAllowed."""
        only_admin(principal)
        with self._changing:
            if (kept := self._chosen.get(ENDPOINT)) is not None:
                self._take(replace(kept, key=None))

    def reset(self, principal: Principal) -> None:
        """Answer as the settings say, and forget what was chosen, its key too; raises NotAllowed."""
        only_admin(principal)
        with self._changing:
            self._take(None)

    def listed(self, wanted: Endpoint, principal: Principal) -> tuple[str, ...]:
        """The models that an endpoint lists, whether it is kept or not; raises as `choose` does, and ModelError."""
        only_admin(principal)
        names = self._client_of(wanted).models()
        return tuple(dict.fromkeys(name for name in names if is_name(name)))

    def try_out(self, wanted: Endpoint, principal: Principal) -> Trial:
        """Have a model say a word, whether it is kept or not; raises as `choose` does, and ModelError."""
        only_admin(principal)
        model = self._client_of(wanted)
        model.prepare()
        came: list[float] = []
        began = time.monotonic()
        pieces = model.stream(
            (Message("user", render("try-out", {})),),
            max_tokens=self._settings.reply_tokens,
            cancelled=lambda: bool(came),
        )
        for piece in pieces:
            if isinstance(piece, TextPiece) and not came:
                came.append(time.monotonic() - began)
        if not came:
            raise ModelFailed(_NOTHING)
        return Trial(model.name, came[0])

    def _take(self, endpoint: Endpoint | None) -> None:
        lineup = self._lineup_of(endpoint)
        self._chosen.set(ENDPOINT, endpoint)
        self._lineup, self._in_force = lineup, endpoint

    def _follow(self, endpoint: Endpoint | None) -> None:
        """What was chosen in another process holds here, too."""
        if endpoint != self._in_force:
            self._lineup, self._in_force = self._lineup_of(endpoint), endpoint

    def _lineup_of(self, endpoint: Endpoint | None) -> Lineup:
        if endpoint is None:
            settings, given = self._settings, endpoint_of(self._settings)
        else:
            _learn(endpoint.key)
            settings, given = endpoint.in_place_of(self._settings), endpoint
        model, further = self._connect(settings)
        return Lineup(settings, model, further, given.priced() if given else {}, next(self._numbers))

    def _with_key(self, wanted: Endpoint) -> Endpoint:
        """The endpoint with the key that was given, else the kept one, where it is kept for this very place."""
        wanted = checked(wanted)
        _learn(wanted.key)
        kept = self._chosen.get(ENDPOINT)
        if wanted.key is None and kept is not None and kept.key is not None:
            if origin(kept.address) != origin(wanted.address):
                raise ChoiceRefused(
                    f"The key was given for {shown(kept.address)} and goes nowhere else; give the key of the new address, "
                    "or remove the kept one first."
                )
            wanted = replace(wanted, key=kept.key)
        refuse_exposed(wanted.in_place_of(self._settings))
        return wanted

    def _client_of(self, wanted: Endpoint) -> OpenAIModel:
        settings = self._with_key(wanted).in_place_of(self._settings)
        key = settings.openai_api_key
        return OpenAIModel(
            settings.openai_base_url,
            key.get_secret_value() if key else None,
            settings.model,
            timeouts=_TRIAL,
            max_retries=0,
        )


def in_force(settings: Settings) -> Settings:
    """The settings with what was chosen on a page of their home in them; the home need not be held."""
    if settings.demo or not has_database(settings):
        return settings
    engine = open_database(database_of(settings))
    try:
        chosen = Chosen(engine).get(ENDPOINT)
    finally:
        engine.dispose()
    if chosen is None:
        return settings
    _learn(chosen.key)
    return chosen.in_place_of(settings)


def _learn(key: SecretStr | None) -> None:
    """Have the log mask a key from now on, before it is used anywhere."""
    if key is not None:
        MASKER.learn([key.get_secret_value()])

"""What of the product an evaluation may vary, in the words of settings: how passages are ranked, how many are taken,
whether the reranker takes part, and who writes."""

from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.errors import AssistantError
from retrieval.methods import CITEWELL, METHODS, Method

MOST_PASSAGES = 50
USUAL = ""
"""Whichever model answers by itself."""
_PRESENT = ("", "present", "now")
_NAMES = ("method", "passages", "reranker", "model")


class ConfigurationRefused(AssistantError):
    """A configuration that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """`model` None quotes the documents, USUAL is the model that answers by itself, else one of the further ones."""

    method: Method = CITEWELL
    passages: int = 8
    reranks: bool = False
    model: str | None = None

    @property
    def as_json(self) -> dict[str, Any]:
        """The values in JSON."""
        return asdict(self)

    @property
    def words(self) -> str:
        """What it is, for a person."""
        writes = "quotes" if self.model is None else f"model {self.model}" if self.model else "the usual model"
        reranker = ", reranked" if self.reranks else ""
        return f"{METHOD_WORDS[self.method]}, {self.passages} passages{reranker}, {writes}"


METHOD_WORDS = {
    "citewell": "Citewell",
    "dense": "Meaning alone",
    "bm25": "Words alone",
    "rrf": "Rank fusion",
}
_CONFIGURATION: TypeAdapter[Configuration] = TypeAdapter(Configuration)


def configuration_of(stored: dict[str, Any]) -> Configuration:
    """The configuration that was stored as JSON."""
    try:
        return _CONFIGURATION.validate_python(stored)
    except ValidationError as error:
        raise ConfigurationRefused("That configuration cannot be read; choose it again.") from error


def parsed(text: str, present: Configuration) -> Configuration:
    """The present configuration with what `text` changes of it: `method=bm25,passages=4,reranker=off,model=none`.

    Raises ConfigurationRefused.
    """
    if text.strip() in _PRESENT:
        return present
    values = present.as_json
    for part in text.replace(" ", ",").split(","):
        name, _, value = part.strip().partition("=")
        if not part.strip():
            continue
        if name not in _NAMES or not value:
            raise ConfigurationRefused(
                f"A configuration is made of {', '.join(_NAMES)}, such as method=bm25; not {part!r}."
            )
        values |= _value(name, value)
    return checked(values)


def checked(values: dict[str, Any]) -> Configuration:
    """A configuration within what settings allow; raises ConfigurationRefused."""
    configuration = configuration_of(values)
    if not 1 <= configuration.passages <= MOST_PASSAGES:
        raise ConfigurationRefused(f"An answer draws on 1 to {MOST_PASSAGES} passages, not {configuration.passages}.")
    return configuration


def _value(name: str, value: str) -> dict[str, Any]:
    match name:
        case "method" if value in METHODS:
            return {"method": value}
        case "passages" if value.isdigit():
            return {"passages": int(value)}
        case "reranker" if value in ("on", "off"):
            return {"reranks": value == "on"}
        case "model":
            return {"model": None if value == "none" else USUAL if value == "usual" else value}
    allowed = {"method": ", ".join(METHODS), "passages": "a number", "reranker": "on or off"}[name]
    raise ConfigurationRefused(f"The {name} of a configuration is {allowed}, not {value!r}.")

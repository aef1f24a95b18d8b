"""What is chosen on a page and kept in the database: by an administrator for all, or by a person for themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine, delete, select

from assistant.access import Principal
from assistant.errors import ChoiceRefused
from assistant.schema import choices
from retrieval.dates import utc_now
from retrieval.putting import put

T = TypeVar("T")
_ORGANISATION = ""


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """Something that can be chosen: the name it is kept by, and what its value may be."""

    name: str
    form: TypeAdapter[T]


class Chosen:
    """Reads and changes what was chosen: for the organisation, or for a person where one is named."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, choice: Choice[T], principal: Principal | None = None) -> T | None:
        """What was chosen; None where nothing was, or something that is none any more."""
        return self.read((choice,), principal).get(choice.name)

    def read(self, wanted: Iterable[Choice[T]], principal: Principal | None = None) -> dict[str, T]:
        """What was chosen of several, by name."""
        by_name = {choice.name: choice for choice in wanted}
        query = select(choices.c.name, choices.c.value).where(
            choices.c.owner == _owner(principal), choices.c.name.in_(by_name)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        found = {}
        for name, value in rows:
            try:
                found[name] = by_name[name].form.validate_python(value)
            except ValidationError:  # Chosen when something else was allowed.
                continue
        return found

    def set(self, choice: Choice[T], value: T | None, principal: Principal | None = None) -> None:
        """Choose a value, None to have the default again; raises ChoiceRefused for one that may not be."""
        owner, kept = _owner(principal), None
        if value is not None:
            try:
                kept = choice.form.dump_python(choice.form.validate_python(value, strict=True), mode="json")
            except ValidationError as error:
                reason = error.errors(include_input=False, include_url=False)[0]["msg"]
                raise ChoiceRefused(f"The value of {choice.name} is not allowed ({reason}); choose another.") from error
        with self._engine.begin() as connection:
            if value is None:
                connection.execute(delete(choices).where(choices.c.owner == owner, choices.c.name == choice.name))
                return
            chosen = {"value": kept, "changed_at": utc_now()}
            put(connection, choices, {"owner": owner, "name": choice.name, **chosen}, chosen)


def _owner(principal: Principal | None) -> str:
    return _ORGANISATION if principal is None else principal.key

"""The organisation's own rules for answers, with every version that was ever in force."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select

from assistant.access import Principal, only_admin
from assistant.errors import AssistantError
from assistant.schema import house_rules
from prompts import MOST_RULES_CHARS
from retrieval.dates import utc_now


@dataclass(frozen=True, slots=True)
class Rules:
    """One version; without a text there are no rules. `created_at` is UTC."""

    id: int
    text: str
    created_at: datetime


class RulesRefused(AssistantError):
    """Rules that are too long, or a version that does not exist."""


class HouseRules:
    """Reads and changes them. What is changed holds from the next question on; only an administrator changes them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def current(self) -> Rules | None:
        """The rules in force."""
        newest = self.history(limit=1)
        return newest[0] if newest and newest[0].text else None

    def history(self, *, limit: int | None = None) -> tuple[Rules, ...]:
        """Every version, the newest first."""
        query = select(house_rules).order_by(house_rules.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return tuple(Rules(row.id, row.text, row.created_at) for row in connection.execute(query))

    def change(self, text: str, principal: Principal) -> Rules:
        """Put a text in force, an empty one to have none; raises NotAllowed, and RulesRefused where it is too long."""
        only_admin(principal)
        text = text.strip()
        if len(text) > MOST_RULES_CHARS:
            raise RulesRefused(
                f"The rules have {len(text):,} characters and may have {MOST_RULES_CHARS:,}; shorten them."
            )
        now = utc_now()
        with self._engine.begin() as connection:
            result = connection.execute(insert(house_rules).values(text=text, created_at=now))
        key = result.inserted_primary_key
        assert key is not None
        return Rules(int(key[0]), text, now)

    def restore(self, number: int, principal: Principal) -> Rules:
        """Put an earlier version in force again, as a new one; raises NotAllowed, and RulesRefused where it is none."""
        only_admin(principal)
        for rules in self.history():
            if rules.id == number:
                return self.change(rules.text, principal)
        raise RulesRefused(f"There is no version {number}; see: citewell rules history.")

"""The prompts: one Markdown template each, the values it takes, and how passages are fenced inside it.

Text from documents, questions and history is data. It is put in once and never read as a template again.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from retrieval.invisible import visible
from retrieval.values import Passage

Style = Literal["standard", "short", "detailed", "steps"]
"""How an answer is written; each has its line in a template."""

MOST_RULES_CHARS = 4_000
"""House rules are an instruction, not a document: longer ones crowd out the passages."""

_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")

_ROLE_TOKEN = re.compile(
    r"<(?=[|\uff5c])|(?<=[|\uff5c])>|<(?=/?s>)|<(?=/?(?:start|end)_of_turn>)|<(?=[be]os>)|<(?=/?think>)"
    r"|\[(?=/?INST\])|<(?=</?SYS>>)",
    re.IGNORECASE,
)
"""What chat templates write between turns; local servers read it as such even inside a message."""


class TemplateError(Exception):
    """A template and the values given to it do not match: a mistake in this program, never in its data."""


def render(name: str, values: Mapping[str, str]) -> str:
    """The template `prompts/{name}.md` with its values in place, each as it stands.

    Raises TemplateError for a value that is missing or that the template does not use.
    """
    template = _template(name)
    wanted = set(_PLACEHOLDER.findall(template))
    if wanted != set(values):
        missing, unused = sorted(wanted - set(values)), sorted(set(values) - wanted)
        raise TemplateError(f"prompts/{name}.md: missing values {missing}, unused values {unused}")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """Who answers, and by which rules; the organisation's own come last, between lines with the mark."""

    today: date
    style: Style = "standard"
    house_rules: str = ""
    mark: str = ""

    def render(self) -> str:
        """The text of the system message."""
        today = f"{self.today.day} {self.today:%B %Y}"
        system = render("system", {"today": today, "style": render(f"style-{self.style}", {})})
        if not self.house_rules.strip():
            return system
        rules = as_data(self.house_rules.strip()[:MOST_RULES_CHARS], mark=self.mark)
        return f"{system}\n\n{render('house-rules', {'mark': self.mark, 'rules': rules})}"


def prompt_version(style: Style, rules_id: int | None) -> str:
    """A short name for what a model is told: another template, style or version of the house rules, another name."""
    templates = [_template(name) for name in ("system", f"style-{style}", "answer", "house-rules")]
    return hashlib.sha256("\0".join((*templates, str(rules_id))).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class AnswerPrompt:
    """A question with the passages to answer it from, numbered from 1 in the order given.

    `mark` is fresh for each request (`new_mark`), so that no document can know it.
    """

    question: str
    passages: Sequence[Passage]
    mark: str

    def render(self) -> str:
        """The text of the user's message."""
        fenced = (fence_passage(p, number=n, mark=self.mark) for n, p in enumerate(self.passages, 1))
        return render(
            "answer",
            {
                "mark": self.mark,
                "passages": "\n\n".join(fenced),
                "question": as_data(self.question, mark=self.mark),
            },
        )


@dataclass(frozen=True, slots=True)
class FollowUpsPrompt:
    """A question with its answer, and the passages from which a next one can be answered; `mark` as for an answer."""

    question: str
    answer: str
    passages: Sequence[Passage]
    mark: str

    def render(self) -> str:
        """The text of the user's message."""
        fenced = (fence_passage(passage, number=n, mark=self.mark) for n, passage in enumerate(self.passages, 1))
        return render(
            "follow-ups",
            {
                "mark": self.mark,
                "passages": "\n\n".join(fenced),
                "question": as_data(self.question, mark=self.mark),
                "answer": as_data(self.answer, mark=self.mark),
            },
        )


@dataclass(frozen=True, slots=True)
class RewritePrompt:
    """A follow-up with what was said before it, oldest first, as (who, text); `mark` as for an answer."""

    question: str
    conversation: Sequence[tuple[str, str]]
    mark: str

    def render(self) -> str:
        """The text of the user's message."""
        fenced = (
            f"=== {who} {self.mark} ===\n{as_data(text, mark=self.mark)}\n=== end of {who} {self.mark} ==="
            for who, text in self.conversation
        )
        return render(
            "rewrite",
            {
                "mark": self.mark,
                "conversation": "\n\n".join(fenced),
                "question": as_data(self.question, mark=self.mark),
            },
        )


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """Statements to be held against passages, both numbered from 1; `mark` as for an answer."""

    statements: Sequence[str]
    passages: Sequence[Passage]
    mark: str

    def render(self) -> str:
        """The text of the user's message."""
        passages = (fence_passage(passage, number=n, mark=self.mark) for n, passage in enumerate(self.passages, 1))
        statements = (
            f"=== statement {n} {self.mark} ===\n{as_data(text, mark=self.mark)}\n=== end of statement {n} {self.mark} ==="
            for n, text in enumerate(self.statements, 1)
        )
        values = {"mark": self.mark, "passages": "\n\n".join(passages), "statements": "\n\n".join(statements)}
        return render("judge", values)


@dataclass(frozen=True, slots=True)
class GradePrompt:
    """An answer to be held against the right ones; `mark` as for an answer."""

    question: str
    expected: Sequence[str]
    answer: str
    mark: str

    def render(self) -> str:
        """The text of the user's message."""
        parts = {
            "question": self.question,
            "right answer": " / ".join(self.expected),
            "answer to be judged": self.answer,
        }
        texts = (
            f"=== {name} {self.mark} ===\n{as_data(text, mark=self.mark)}\n=== end of {name} {self.mark} ==="
            for name, text in parts.items()
        )
        return render("grade", {"mark": self.mark, "texts": "\n\n".join(texts)})


@dataclass(frozen=True, slots=True)
class QuestionsPrompt:
    """A passage for which questions are wanted, each with the words that answer it; `mark` as for an answer."""

    passage: Passage
    mark: str

    def render(self) -> str:
        """The text of the user's message."""
        return render(
            "questions", {"mark": self.mark, "passage": fence_passage(self.passage, number=1, mark=self.mark)}
        )


@dataclass(frozen=True, slots=True)
class TicketPrompt:
    """A ticket of the support desk, with the categories that it may be given; `mark` as for an answer."""

    ticket: str
    categories: Sequence[str]
    mark: str

    def render(self) -> str:
        """The text of the user's message."""
        names = "\n".join(self.category(name) for name in self.categories) or "none"
        return render(
            "ticket",
            {
                "mark": self.mark,
                "ticket": _fenced("ticket", as_data(self.ticket, mark=self.mark), self.mark),
                "categories": _fenced("categories", names, self.mark),
            },
        )

    def category(self, name: str) -> str:
        """A category as the model reads it, on one line."""
        return _one_line(as_data(name, mark=self.mark))


def new_mark() -> str:
    """A fence mark nobody can guess: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def fence_passage(passage: Passage, *, number: int, mark: str) -> str:
    """The passage between two lines with the mark, headed by its number, title, section, page and date."""
    facts = {
        "Title": passage.source.title,
        "Section": " > ".join(passage.heading),
        "Page": str(passage.page or ""),
        "Date": passage.source.dated.isoformat() if passage.source.dated else "",
    }
    head = (f"{label}: {_one_line(fact)}" for label, fact in facts.items() if fact.strip())
    inside = as_data("\n".join((*head, "", passage.text.strip())), mark=mark)
    return f"=== passage [{number}] {mark} ===\n{inside}\n=== end of passage [{number}] {mark} ==="


def as_data(text: str, *, mark: str) -> str:
    """The text without the mark, without invisible characters, and with role tokens broken by a space."""
    unmarked = re.sub(re.escape(mark), "(mark)", visible(text), flags=re.IGNORECASE)
    return _ROLE_TOKEN.sub(lambda found: " >" if found[0] == ">" else f"{found[0]} ", unmarked)


def _fenced(name: str, text: str, mark: str) -> str:
    return f"=== {name} {mark} ===\n{text}\n=== end of {name} {mark} ==="


def _one_line(text: str) -> str:
    return " ".join(text.split())


@cache
def _template(name: str) -> str:
    return (files("prompts") / f"{name}.md").read_text(encoding="utf-8").strip()

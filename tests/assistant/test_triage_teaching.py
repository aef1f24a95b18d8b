"""Learning from tables that were given: what they have to teach is told first, and two models are held side by side."""

from pathlib import Path

import numpy as np
import pytest

from assistant.triage.comparison import Judged, Right, compare
from assistant.triage.lessons import LessonGone, Lessons
from assistant.triage.tables import TableRefused, guessed_columns, sheet_in, tickets_of
from assistant.triage.training import look_over, train_model
from assistant.triage.values import Ticket
from retrieval.embedding import Embedder
from retrieval.evaluation.workbench import RememberingEmbedder


class Letters:
    """An embedder by the letters of a text: alike texts lie near each other."""

    name, dimension = "letters", 26

    def embed_query(self, text: str) -> np.ndarray:
        return self.embed_documents([text])[0]

    def embed_documents(self, texts: list[str]) -> np.ndarray:
        counts = np.array([[text.lower().count(chr(97 + at)) + 1e-3 for at in range(26)] for text in texts], np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


EMBEDDER: Embedder = Letters()


def resolved(wind: str = "Wind", each: int = 8) -> list[Ticket]:
    said = {wind: "The wind vane reads zero", "Power": "Battery pack keeps failing"}
    return [
        Ticket(f"{words}, case {n}", labels={"category": label}, line=n)
        for label, words in said.items()
        for n in range(each)
    ]


def test_contradictions_are_listed_with_their_lines_and_left_out() -> None:
    doubtful = [
        Ticket("The same", labels={"category": label}, line=line) for line, label in ((90, "Wind"), (91, "Power"))
    ]
    seen = look_over([*resolved(), *doubtful])
    (found,) = seen.contradictions
    assert (found.lines, found.said, found.label) == ((90, 91), ("Wind", "Power"), "category")
    assert seen.labels["category"] == {"Wind": 8, "Power": 8}
    assert seen.can_be_learned


@pytest.mark.parametrize(
    ("tickets", "said"),
    [
        (
            [Ticket(f"t {n}", labels={"category": "Wind"}) for n in range(9)],
            "All tickets have the same category (Wind)",
        ),
        (resolved(each=1), "Only 2 tickets have a category; 3 are the fewest"),
        ([Ticket("t")], "No ticket has a category."),
        ([], "No ticket has a category."),
    ],
)
def test_what_is_too_little_to_learn_from_is_said_before(tickets: list[Ticket], said: str) -> None:
    seen = look_over(tickets)
    assert not seen.can_be_learned
    assert said in " ".join(seen.notes)


def test_two_models_are_held_against_the_same_tickets_and_what_one_alone_gets_right_comes_first() -> None:
    champion = train_model(resolved("Breeze"), EMBEDDER).model
    challenger = train_model(resolved("Wind"), EMBEDDER).model
    asked = [
        Ticket("Battery pack is failing again", labels={"category": "Power"}),
        Ticket("The wind vane reads nothing", labels={"category": "Gusts"}),
        Ticket("A wind vane reads zero", labels={"category": "Wind"}),
        Ticket("The wind vane reads zero, case 1", labels={"category": "Wind"}),
    ]
    compared = compare(champion, challenger, asked, EMBEDDER)
    assert compared.right == {"category": Right(champion=1, challenger=2, tickets=3)}
    assert compared.changed == (
        Judged(asked[2], "Wind", "Breeze", "Wind"),
        Judged(asked[1], "Gusts", "Breeze", "Wind"),
    )


def test_lessons_are_kept_until_they_are_forgotten(tmp_path: Path) -> None:
    lessons = Lessons(tmp_path / "lessons")
    tickets = (Ticket("half \ud800", "s", "1", 2, {"category": "Wind"}, resolution="r"),)
    one, other = lessons.keep(tickets), lessons.keep(resolved())
    assert lessons.read(one) == tickets
    lessons.forget_all_but({one})
    for gone in (other, "never"):
        with pytest.raises(LessonGone):
            lessons.read(gone)
    lessons.forget(one)
    assert list((tmp_path / "lessons").iterdir()) == []


def test_only_what_was_embedded_before_is_remembered(tmp_path: Path) -> None:
    embedder = RememberingEmbedder(EMBEDDER, tmp_path / "embeddings.sqlite")
    (vector,) = embedder.embed_documents(["known"])
    assert set(embedder.remembered(["known", "unknown"])) == {"known"}
    assert np.array_equal(embedder.remembered(["known"])["known"], vector)


def test_columns_are_guessed_by_name_and_else_by_their_cells() -> None:
    rows = b"Nr,Worum es geht,Team\n" + b"".join(
        b"%d,The wind vane of number %d,%s\n" % (n, n, b"AB"[n % 2 : n % 2 + 1]) for n in range(9)
    )
    sheet = sheet_in(rows, "neu.csv")
    guessed, by_cells = guessed_columns(sheet, ("category",))
    assert guessed == {"text": "Worum es geht", "category": "Team"}
    assert by_cells == {"text", "category"}
    table = tickets_of(sheet, {"text": "Worum es geht"})
    assert dict(table.tickets[0].labels) == {}
    with pytest.raises(TableRefused, match="Say which column"):
        tickets_of(sheet, {"category": "Team"})

"""What a knowledge gap tells of one person's questions, and of one collection, to whoever looks after another."""

import pytest
from sqlalchemy import select

from assistant.access import LOCAL_USER
from assistant.gaps.gathering import proved
from assistant.gaps.sheet import as_csv
from assistant.gaps.values import Gap, GapNotFound, Proof
from assistant.groups import Grant
from assistant.schema import messages
from retrieval.dates import utc_now
from tests.security.world import NUMBERS, World

pytestmark = pytest.mark.threat("T3")
SECRET = "zanzibar"


def seen_by(world: World, who: str, gap_id: int) -> Gap:
    return world.citewell.gaps.get(gap_id, world.people[who])


def last_asked(world: World) -> str:
    """The conversation of the last question, which was Anna's."""
    with world.citewell.gaps.engine.connect() as connection:
        query = select(messages.c.conversation_id).order_by(messages.c.id.desc()).limit(1)
        return str(connection.execute(query).scalar_one())


def last_question(world: World) -> tuple[int, int]:
    """The ids of Anna's last question and of its answer."""
    question, answer = world.citewell.conversations.messages(last_asked(world), world.people["anna"])
    return question.id, answer.id


def new_secret() -> str:
    """A word that stands in no other question of this world."""
    return "zanzi" + "".join(chr(ord("a") + int(digit)) for digit in str(next(NUMBERS)))


def searched_with_ours(world: World, secret: str) -> int:
    """A collection of the editor's that Anna searches together with one that is none of the editor's business."""
    made = world.collection()
    editor, anna = (world.people[who].person_id for who in ("editor", "anna"))
    grants = (Grant(None, editor, may_edit=True), Grant(None, anna, may_edit=False))
    world.citewell.groups.grant(made, grants, LOCAL_USER)
    conversation_id = world.citewell.conversations.create(world.people["anna"])
    question = f"Does the {secret} number {next(NUMBERS)} of the moon decree pay a pension to lighthouse keepers?"
    list(world.citewell.assistant.ask(question, conversation_id=conversation_id, principal=world.people["anna"]))
    world.citewell.background.wait()
    world.citewell.conversations.mark_interrupted()  # What other tests left unanswered.
    world.citewell.gaps.gathering.gather()
    return world.gap_of(world.citewell.conversations.messages(conversation_id, world.people["anna"])[-1].id)


def test_the_words_of_what_searched_more_than_one_may_read_are_not_shown(world: World) -> None:
    """Not in the question, the name or the table; that it was asked is."""
    secret = new_secret()
    gap_id = searched_with_ours(world, secret)
    gap = seen_by(world, "editor", gap_id)
    assert gap.hidden
    assert "Of A" not in gap.collections
    assert "Of A" in seen_by(world, "admin", gap_id).collections
    assert secret not in f"{gap!r}{as_csv([gap])}".casefold()
    assert secret in repr(seen_by(world, "admin", gap_id)).casefold()


def test_the_words_of_what_one_may_read_are_shown_without_the_name_of_who_asked(world: World) -> None:
    gap = seen_by(world, "editor", world.gap(f"Where do {SECRET} quokkas bank? Write to anna@quokka.example"))
    assert SECRET in repr(gap)
    assert "anna" not in repr(gap)
    assert "[personal]" in repr(gap)


def test_where_words_are_withheld_an_administrator_sees_none_but_their_own(world: World) -> None:
    gap_id = world.gap(f"Where do {SECRET} quokkas pay?")
    world.citewell.gaps.show_words(LOCAL_USER, shown=False)
    try:
        gap = seen_by(world, "admin", gap_id)
        assert SECRET not in repr(gap)
        assert gap.hidden == gap.size
    finally:
        world.citewell.gaps.show_words(LOCAL_USER, shown=True)


def test_a_gap_that_one_has_taken_is_another_s_to_others(world: World) -> None:
    gap_id = world.gap()
    world.citewell.gaps.take(gap_id, world.people["editor"])
    mine, theirs = seen_by(world, "editor", gap_id), seen_by(world, "admin", gap_id)
    assert (mine.is_mine, mine.owner) == (True, "editor")
    assert (theirs.is_mine, theirs.owner) == (False, "editor")


def test_documents_that_came_nearest_and_proofs_are_told_to_whoever_may_read_them(world: World) -> None:
    gaps, editor = world.citewell.gaps, world.people["editor"]
    gap_id = searched_with_ours(world, new_secret())
    question_id, _ = last_question(world)
    gap = seen_by(world, "editor", gap_id)
    assert gap.questions[0].nearest
    assert gaps.nearest(gap, editor) == ()
    assert gaps.nearest(gap, LOCAL_USER)
    proof = Proof(world.document(world.ours), 0, 7, utc_now())
    proved(gaps.engine, [question_id], proof.document_id, 0, 7)
    assert seen_by(world, "editor", gap_id).answered == 1
    assert gaps.proof(proof, editor) is None
    shown = gaps.proof(proof, LOCAL_USER)
    assert shown is not None
    assert shown.quote == "Quokkas"


def test_whoever_asked_is_not_told_of_an_answer_that_they_may_not_read(world: World) -> None:
    world.gap(f"Where do {next(NUMBERS)} quokkas fly?")
    question_id, answer_id = last_question(world)
    anna, gaps = world.people["anna"], world.citewell.gaps
    proved(gaps.engine, [question_id], world.document(world.theirs), 0, 7)
    assert gaps.answers_now([answer_id], anna) == {}
    proved(gaps.engine, [question_id], world.document(world.ours), 0, 7)
    assert list(gaps.answers_now([answer_id], anna)) == [answer_id]
    assert gaps.answers_now([answer_id], LOCAL_USER) == {}


def test_a_deleted_conversation_leaves_its_gap_and_comes_back_with_it(world: World) -> None:
    gap_id = world.gap(f"In which year were {SECRET} stamps first sold, {next(NUMBERS)}?")
    conversation_id = last_asked(world)
    before = seen_by(world, "admin", gap_id).size
    world.citewell.threads.delete(conversation_id, world.people["anna"])
    sizes = {gap.id: gap.size for gap in world.citewell.gaps.list(LOCAL_USER)}
    assert sizes.get(gap_id, 0) == before - 1
    world.citewell.threads.restore(conversation_id, world.people["anna"])
    assert seen_by(world, "admin", gap_id).size == before


def test_a_gap_of_others_looks_as_if_it_were_not_there(world: World) -> None:
    gap_id = world.gap(f"Where do {next(NUMBERS)} quokkas rest?", searched=world.ours)
    for absent in (gap_id, 10**6):
        with pytest.raises(GapNotFound):
            world.citewell.gaps.get(absent, world.people["bela"])

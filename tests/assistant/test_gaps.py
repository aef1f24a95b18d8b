"""Knowledge gaps over real conversations: what makes one, what it is called, what closes it, and what is left of it."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from sqlalchemy import func, select, update

from assistant.access import LOCAL_USER, Principal, Role, visitor
from assistant.bootstrap import Citewell, open_citewell
from assistant.carrying_out import Begun, carry_out
from assistant.claims import Claims
from assistant.conversations import Work
from assistant.events import Answer, CheckedSentence, Support
from assistant.feedback import Opinion
from assistant.gaps.board import ASK_AGAIN, GATHER
from assistant.gaps.gathering import Gathering
from assistant.gaps.grouping import Grouping, groups
from assistant.gaps.judging import shortcoming
from assistant.gaps.naming import names_of
from assistant.gaps.sheet import COLUMNS, as_csv
from assistant.gaps.values import Gap, GapNotFound
from assistant.groups import Grant
from assistant.operations import Reporter
from assistant.schema import gap_questions, gaps, messages
from assistant.settings import Settings
from assistant.usage import Usage
from retrieval.embedding import Embedder
from retrieval.filters import Filters
from tests.assistant.gap_questions import ALONE, TOPICS
from tests.conftest import document

LEAVE = "Full-time staff have 26 days of annual leave in each calendar year. Leave is agreed with the team lead."
PENSION = (
    "Skerrivane pays 8 % of your salary into the workplace pension scheme. "
    "You may join the workplace pension scheme in your first month."
)
PAYS = "How much of my salary does Skerrivane pay into the workplace pension scheme?"
JOINS = "When may I join the workplace pension scheme?"
RUNS = "Who runs our pension fund?"
DOG = TOPICS["dogs"][0]


@pytest.fixture
def citewell(fresh_home: Path) -> Iterator[Citewell]:
    """A home in which people sign in, with one document that anybody may read."""
    opened = open_citewell(
        Settings(home=fresh_home, sample=False, sign_in="oidc", questions_a_day=0, tokens_a_day=0),
        kind="worker",
    )
    add(opened, "Handbook", leave=LEAVE)
    everyone = next(group.id for group in opened.groups.list(LOCAL_USER) if group.is_everyone)
    opened.groups.grant(collection(opened), (Grant(everyone, None, may_edit=False),), LOCAL_USER)
    yield opened
    opened.close()


def add(citewell: Citewell, name: str, **texts: str) -> str:
    collection_id = citewell.library.create_collection(name).id
    named = [(path, document(text, title=path.capitalize())) for path, text in texts.items()]
    citewell.intake.add_parsed(collection_id, named)
    return collection_id


def collection(citewell: Citewell, name: str = "Handbook") -> str:
    return citewell.library.collection_named(name).id


def person(citewell: Citewell, name: str, role: Role = Role.MEMBER) -> Principal:
    return citewell.accounts.recognise(Claims("https://login", name, name, "", None, role, name)).principal


def ask(citewell: Citewell, question: str, who: Principal = LOCAL_USER, **how: object) -> tuple[str, int]:
    """The conversation in which it was asked, and the id of the answer."""
    conversation_id = citewell.conversations.create(who)
    list(citewell.assistant.ask(question, conversation_id=conversation_id, principal=who, **how))  # type: ignore[arg-type]
    citewell.background.wait()
    return conversation_id, citewell.conversations.messages(conversation_id, who)[-1].id


def gathered(citewell: Citewell) -> tuple[Gap, ...]:
    citewell.gaps.gathering.gather()
    return citewell.gaps.list(LOCAL_USER)


def do(citewell: Citewell, kind: str, **work: object) -> dict[str, object]:
    return carry_out(citewell, kind, work, Reporter(), begun=Begun(LOCAL_USER.key))


# What is alike.


def test_questions_of_a_topic_come_together_whatever_their_words(embedder: Embedder) -> None:
    topics = [(topic, question) for topic, each in TOPICS.items() for question in each] + [(q, q) for q in ALONE]
    vectors = embedder.embed_documents([question for _, question in topics])
    found = groups(vectors)
    together = {frozenset((a, b)) for group in found for a in group for b in group if a < b}
    wanted = {
        frozenset((a, b)) for a in range(len(topics)) for b in range(a + 1, len(topics)) if topics[a][0] == topics[b][0]
    }
    assert len(together & wanted) >= 0.95 * len(together)
    assert len(together & wanted) >= 0.9 * len(wanted)
    assert sorted(at for group in found for at in group) == list(range(len(topics)))


def test_what_is_asked_later_joins_its_topic(embedder: Embedder) -> None:
    vectors = {topic: embedder.embed_documents(each) for topic, each in TOPICS.items() if len(each) > 3}
    known = Grouping({at: (each[:-1].sum(0), len(each) - 1) for at, each in enumerate(vectors.values())})
    joined = known.nearest(np.stack([each[-1] for each in vectors.values()]))
    assert sum(gap == at for at, gap in enumerate(joined)) >= len(vectors) - 1
    assert known.nearest(embedder.embed_documents(ALONE)) == [None] * len(ALONE)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_questions_are_no_special_case(embedder: Embedder, count: int) -> None:
    vectors = embedder.embed_documents(TOPICS["dogs"][:count])
    assert groups(vectors) == ((tuple(range(count)),) if count else ())
    assert Grouping({}).nearest(vectors) == [None] * count


def test_a_gap_is_named_by_what_its_questions_have_and_others_have_not() -> None:
    names = names_of({1: TOPICS["pension"], 2: TOPICS["gym"], 3: ["¿Qué?", "1234 ..."], 4: []})
    assert names[1].startswith("Pension")
    assert "gym" in names[2].casefold()
    assert names[4] == ""


def test_a_single_question_names_its_gap_by_a_stretch_of_its_own_that_reads_like_a_topic() -> None:
    texts = {at: [question] for at, question in enumerate(ALONE)}
    texts[len(ALONE)] = [TOPICS["pension"][3]]
    assert [*names_of(texts).values()] == [
        "Regatta last summer",
        "Combination of the safe in Bora",
        "Pool cars",
        "Moira Tennant",
        "Radio of the Curlew",
        "Parental benefit in Germany",
        "Pension contribution",
    ]


# What makes one.


def _answer(*support: Support, status: str = "answered") -> Answer:
    sentences = tuple(CheckedSentence("x", 0, 1, each, ()) for each in support)
    return Answer("x", status, sentences, (), Usage(), {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (_answer("supported", "not_a_claim"), None),
        (_answer("supported", "supported", "unsupported"), None),
        (_answer("supported", "contradicted"), "unsupported"),
        (_answer("unsupported", "not_a_claim"), "unsupported"),
        (_answer("not_a_claim"), None),
        (_answer(status="unanswerable"), "unanswered"),
        (_answer("supported", status="partial"), "partly"),
    ],
)
def test_an_answer_leaves_a_gap_for_a_reason(answer: Answer, reason: str | None) -> None:
    assert shortcoming(answer) == reason


def test_what_was_answered_counted_or_filtered_away_is_no_gap(citewell: Citewell) -> None:
    ask(citewell, "How many days of annual leave do full-time staff have?")
    ask(citewell, "How many documents are there?")
    ask(citewell, PAYS, filters=Filters(title="no such title"))
    assert gathered(citewell) == ()


def test_an_empty_home_has_no_gap(fresh_home: Path) -> None:
    citewell = open_citewell(Settings(home=fresh_home, sample=False))
    try:
        ask(citewell, PAYS)
        assert gathered(citewell) == ()
        assert not citewell.gaps.look(LOCAL_USER)
    finally:
        citewell.close()


def test_one_question_is_a_gap_and_more_of_its_kind_join_it(citewell: Citewell) -> None:
    ask(citewell, PAYS)
    (first,) = gathered(citewell)
    ask(citewell, JOINS, person(citewell, "anna"))
    ask(citewell, DOG)
    pension, dog = gathered(citewell)
    assert (pension.id, pension.size, pension.people, dog.size) == (first.id, 2, 2, 1)
    assert {question.reason for question in pension.questions} == {"unanswered"}
    assert gathered(citewell) == (pension, dog)


def test_what_did_not_help_is_a_gap_until_the_opinion_is_taken_back(citewell: Citewell) -> None:
    _, answer_id = ask(citewell, "How many days of annual leave do full-time staff have?")
    citewell.feedback.give(answer_id, LOCAL_USER, Opinion(is_helpful=False, reason="outdated"))
    assert citewell.gaps.gathering.has_news()
    (gap,) = gathered(citewell)
    assert gap.questions[0].reason == "disliked"
    assert not citewell.gaps.gathering.has_news()
    citewell.feedback.withdraw(answer_id, LOCAL_USER)
    assert citewell.gaps.gathering.has_news()
    assert gathered(citewell) == ()


def test_questions_about_one_s_own_files_are_nobody_else_s(citewell: Citewell) -> None:
    conversation_id = citewell.conversations.create(LOCAL_USER)
    citewell.attached.attach(conversation_id, LOCAL_USER, [("a.txt", b"The mast stands on nine bolts.")])
    answer_id = citewell.conversations.begin(conversation_id, LOCAL_USER, PAYS)
    _, stored = ask(citewell, PAYS)
    work = next(m for m in citewell.conversations.messages(_of(citewell, stored), LOCAL_USER) if m.id == stored).work
    citewell.conversations.save(answer_id, state="done", text="", work=work)
    (gap,) = gathered(citewell)
    assert gap.size == 1


def _of(citewell: Citewell, message_id: int) -> str:
    with citewell.gaps.engine.connect() as connection:
        query = select(messages.c.conversation_id).where(messages.c.id == message_id)
        return str(connection.execute(query).scalar_one())


def test_visitors_and_whoever_may_read_nothing_leave_no_gap(citewell: Citewell) -> None:
    waiting = person(citewell, "waiting", Role.WAITING)
    conversation_id = citewell.conversations.create(waiting)
    answer_id = citewell.conversations.begin(conversation_id, waiting, PAYS)
    citewell.conversations.save(answer_id, state="done", text="", work=Work(answer=_answer(status="unanswerable")))
    assert gathered(citewell) == ()


@pytest.mark.parametrize(
    "question",
    [
        "Wie viel zahlt die Firma in meine Rente ein? " * 150,
        "会社は年金にいくら払いますか",
        "??? !!!",
        "\u202eпенсия" * 40,
    ],
)
def test_long_questions_and_other_languages_are_gathered(citewell: Citewell, question: str) -> None:
    ask(citewell, question[:8_000])
    found = gathered(citewell)
    assert len(found) <= 1
    assert all(gap.name for gap in found)
    assert len(as_csv(found)) < 2_000


def test_a_clock_that_jumped_moves_no_question_out_of_sight(citewell: Citewell) -> None:
    """What is dated later than now counts as this week's; what is dated long ago is in no week, and in the gap."""
    for question in TOPICS["pension"][:2]:
        ask(citewell, question)
    with citewell.gaps.engine.begin() as connection:
        first, last = connection.execute(select(func.min(messages.c.id), func.max(messages.c.id))).one()
        now = citewell.gaps.now()
        for ids, at in ((first, now - timedelta(days=4_000)), (last - 1, now + timedelta(days=4_000))):
            connection.execute(update(messages).where(messages.c.id == ids).values(created_at=at))
    (gap,) = gathered(citewell)
    assert (gap.size, gap.weeks) == (2, (0, 0, 0, 0, 0, 0, 0, 1))


def test_a_collection_that_is_deleted_takes_its_gaps_with_it(citewell: Citewell) -> None:
    add(citewell, "Other", notes="The canteen opens at noon.")
    ask(citewell, PAYS, collection="Other")
    assert len(gathered(citewell)) == 1
    do(citewell, "delete_collection", collection_id=collection(citewell, "Other"))
    assert gathered(citewell) == ()
    with citewell.gaps.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(gaps)).scalar() == 0


def test_a_conversation_that_is_removed_takes_its_questions_with_it(citewell: Citewell) -> None:
    anna = person(citewell, "anna")
    ask(citewell, PAYS, anna)
    gathered(citewell)
    citewell.conversations.forget(anna)
    assert gathered(citewell) == ()
    with citewell.gaps.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(gap_questions)).scalar() == 0


def test_without_an_embedding_nothing_is_gathered(citewell: Citewell) -> None:
    ask(citewell, PAYS)
    blind = Gathering(citewell.gaps.engine, citewell.library, citewell.catalogue, citewell.chosen, None)
    assert blind.gather().added == 0
    assert not replace(citewell.gaps, gathering=blind).look(LOCAL_USER)


def test_what_can_make_no_gap_is_no_news_for_ever(citewell: Citewell) -> None:
    """Neither what is deleted, nor what a visitor found not helpful, nor an answer that is still being written."""
    deleted, _ = ask(citewell, PAYS)
    citewell.threads.delete(deleted, LOCAL_USER)
    guest = visitor("token")
    _, answer_id = ask(citewell, DOG, guest)
    citewell.feedback.give(answer_id, guest, Opinion(is_helpful=False))
    citewell.conversations.begin(citewell.conversations.create(LOCAL_USER), LOCAL_USER, JOINS)
    ask(citewell, JOINS)
    assert gathered(citewell) == ()
    assert not citewell.gaps.gathering.has_news()
    citewell.conversations.mark_interrupted()
    assert citewell.gaps.gathering.has_news()
    assert len(gathered(citewell)) == 1


def test_what_was_stopped_is_looked_at_again(citewell: Citewell) -> None:
    ask(citewell, PAYS)
    stopping = threading.Event()
    stopping.set()
    citewell.gaps.gathering.gather(stopping=stopping)
    assert citewell.gaps.list(LOCAL_USER) == ()
    assert len(gathered(citewell)) == 1


# Whose it is, and where it stands.


def test_owner_and_state_survive_another_grouping_and_what_nobody_took_up_is_grouped_anew(citewell: Citewell) -> None:
    for question in (PAYS, DOG, ALONE[0]):
        ask(citewell, question)
    taken, *_, dismissed = sorted(gap.id for gap in gathered(citewell))
    editor = person(citewell, "eva", Role.ADMIN)
    citewell.gaps.take(taken, editor)
    citewell.gaps.set_state(dismissed, "dismissed", LOCAL_USER)
    before = {gap.id: gap for gap in citewell.gaps.list(LOCAL_USER)}
    do(citewell, GATHER, anew=True)
    after = {gap.id: gap for gap in citewell.gaps.list(LOCAL_USER)}
    assert after[taken] == before[taken]
    assert after[taken].owner == "eva"
    assert after[dismissed].state == "dismissed"
    assert sorted(gap.size for gap in after.values()) == [1, 1, 1]


def test_another_embedding_embeds_again_and_keeps_the_gaps(citewell: Citewell) -> None:
    ask(citewell, PAYS)
    (before,) = gathered(citewell)
    with citewell.gaps.engine.begin() as connection:
        connection.execute(update(gap_questions).values(embedding_model="another", embedding=b""))
    ask(citewell, JOINS)
    (after,) = gathered(citewell)
    assert (after.id, after.size) == (before.id, 2)


def test_nobody_chooses_that_a_gap_is_answered(citewell: Citewell) -> None:
    ask(citewell, PAYS)
    (gap,) = gathered(citewell)
    with pytest.raises(GapNotFound):
        citewell.gaps.set_state(gap.id, "answered", LOCAL_USER)


# What closes it.


def test_a_gap_closes_itself_once_every_question_has_an_answer(citewell: Citewell) -> None:
    """Until then it stays open with the count; the same question is asked once, and the proof is the passage."""
    anna = person(citewell, "anna")
    for question in (PAYS, PAYS, PAYS.upper()):
        ask(citewell, question, anna)
    _, joins = ask(citewell, JOINS, anna)
    ask(citewell, RUNS, anna)
    (gap,) = gathered(citewell)
    assert gap.size == 5
    assert do(citewell, ASK_AGAIN, gap_ids=[gap.id])["answered"] == 0
    citewell.intake.add_parsed(collection(citewell), [("pension", document(PENSION, title="Pension"))])
    done = do(citewell, ASK_AGAIN, gap_ids=[gap.id])
    assert done == {"asked": 3, "answered": 4, "left": 0}
    (gap,) = citewell.gaps.list(LOCAL_USER)
    assert (gap.state, gap.answered, gap.size) == ("open", 4, 5)
    now = citewell.gaps.answers_now([joins], anna)
    assert now[joins].title == "Pension"
    shown = [citewell.gaps.proof(q.proof, LOCAL_USER) for q in gap.questions if q.proof]
    assert {each.quote for each in shown if each} == {each + "." for each in PENSION.rstrip(".").split(". ")}
    fund = "Northwind Pensions runs the pension fund of Skerrivane."
    citewell.intake.add_parsed(collection(citewell), [("fund", document(fund, title="The pension fund"))])
    assert do(citewell, ASK_AGAIN, collection_id=collection(citewell)) == {"asked": 1, "answered": 1, "left": 0}
    (gap,) = citewell.gaps.list(LOCAL_USER)
    assert (gap.state, gap.answered) == ("answered", 5)


def test_each_question_is_asked_of_what_its_asker_may_read_and_no_more(citewell: Citewell) -> None:
    anna = person(citewell, "anna")
    ask(citewell, PAYS, anna)
    (gap,) = gathered(citewell)
    secret = add(citewell, "Secret", pension=PENSION)
    assert do(citewell, ASK_AGAIN, gap_ids=[gap.id])["answered"] == 0
    citewell.groups.grant(secret, (Grant(None, anna.person_id, may_edit=False),), LOCAL_USER)
    assert do(citewell, ASK_AGAIN, gap_ids=[gap.id])["answered"] == 1


def test_what_somebody_finds_by_asking_again_closes_it_and_a_worse_answer_opens_it(citewell: Citewell) -> None:
    conversation_id, answer_id = ask(citewell, PAYS)
    (gap,) = gathered(citewell)
    citewell.intake.add_parsed(collection(citewell), [("pension", document(PENSION, title="Pension"))])
    assistant = citewell.assistant
    list(assistant.ask(PAYS, conversation_id=conversation_id, principal=LOCAL_USER, instead_of=answer_id))
    (closed,) = gathered(citewell)
    assert (closed.id, closed.state) == (gap.id, "answered")
    do(citewell, "delete_documents", ids=[citewell.library.document_at("pension", frozenset({collection(citewell)}))])
    (opened,) = gathered(citewell)
    assert (opened.state, opened.answered) == ("open", 0)


def test_what_did_not_help_is_not_answered_by_the_same_document_once_more(citewell: Citewell) -> None:
    question = "How many days of annual leave do full-time staff have?"
    _, answer_id = ask(citewell, question)
    citewell.feedback.give(answer_id, LOCAL_USER, Opinion(is_helpful=False))
    (gap,) = gathered(citewell)
    assert do(citewell, ASK_AGAIN, gap_ids=[gap.id])["answered"] == 0
    newer = "Full-time staff have 28 days of annual leave in each calendar year, from 2027 on."
    citewell.intake.add_parsed(collection(citewell), [("leave", document(newer, title="Leave"))])
    assert do(citewell, ASK_AGAIN, gap_ids=[gap.id])["answered"] == 1


def test_documents_that_come_in_have_the_gaps_asked_again_once(citewell: Citewell) -> None:
    citewell.gaps.documents_came(None)
    assert citewell.jobs.open((ASK_AGAIN,)) == ()
    ask(citewell, PAYS)
    for _ in range(3):
        citewell.gaps.documents_came(collection(citewell))
    (job,) = citewell.jobs.open((ASK_AGAIN,))
    assert job.work == {"collection_id": collection(citewell)}
    citewell.intake.add_parsed(collection(citewell), [("pension", document(PENSION, title="Pension"))])
    assert do(citewell, job.kind, **job.work)["answered"] == 1
    (gap,) = citewell.gaps.list(LOCAL_USER)
    assert gap.state == "answered"
    last = citewell.audit.entries(limit=1)[0]
    assert (last.action, last.target, last.detail["answered"]) == ("knowledge gaps asked again", "Handbook", 1)


def test_a_gap_is_asked_again_by_one_job_at_a_time(citewell: Citewell) -> None:
    ask(citewell, PAYS)
    (gap,) = gathered(citewell)
    first = citewell.gaps.ask_again(gap.id, LOCAL_USER)
    assert citewell.gaps.ask_again(gap.id, LOCAL_USER) == first
    assert [job.id for job in citewell.jobs.open((ASK_AGAIN,))] == [first]


def test_what_is_dismissed_is_not_asked_by_itself(citewell: Citewell) -> None:
    ask(citewell, PAYS)
    (gap,) = gathered(citewell)
    citewell.gaps.set_state(gap.id, "dismissed", LOCAL_USER)
    citewell.intake.add_parsed(collection(citewell), [("pension", document(PENSION, title="Pension"))])
    assert do(citewell, ASK_AGAIN, collection_id=None)["asked"] == 0
    ask(citewell, "Tell me who pays into my pension, and how much it is for a pilot?")
    assert citewell.gaps.get(gap.id, LOCAL_USER).state == "dismissed"


# What is taken home, and what is left.


def test_no_cell_of_the_table_is_a_formula(citewell: Citewell) -> None:
    ask(citewell, '=HYPERLINK("https://evil.example","pay") dogs at the office?')
    (row,) = list(csv.DictReader(io.StringIO(as_csv(gathered(citewell)))))
    assert tuple(row) == COLUMNS
    assert row["question"].startswith("'=HYPERLINK")


def test_what_is_kept_of_a_person_is_in_their_export_and_gone_with_them(citewell: Citewell) -> None:
    anna = person(citewell, "anna", Role.ADMIN)
    ask(citewell, PAYS, anna)
    ask(citewell, DOG)
    (other,) = [gap for gap in gathered(citewell) if DOG in repr(gap.questions)]
    citewell.gaps.take(other.id, anna)
    file = io.BytesIO()
    citewell.personal_data.export(anna.person_id, anna, file)
    with ZipFile(file) as archive:
        about = json.loads(archive.read("about.json"))
        (name,) = [name for name in archive.namelist() if name.startswith("conversations/")]
        asked = json.loads(archive.read(name))["messages"][0]
    assert [each["id"] for each in about["gaps_to_close"]] == [other.id]
    assert asked["knowledge_gap"]["lacks"] == "unanswered"
    person(citewell, "another", Role.ADMIN)
    assert citewell.erasure.erase(anna.person_id)
    (left,) = citewell.gaps.list(LOCAL_USER)
    assert (left.id, left.owner) == (other.id, None)

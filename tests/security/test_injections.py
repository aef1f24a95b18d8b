"""T17: documents that give orders, held against a model that follows every order it is given from outside a fence."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pytest

from assistant.conversations import Conversations
from assistant.events import AnswerFinished, Event, PassagesFound
from assistant.llm import Deadlines, OpenAIModel
from assistant.turn import Assistant
from prompts import (
    AnswerPrompt,
    FollowUpsPrompt,
    GradePrompt,
    JudgePrompt,
    RewritePrompt,
    SystemPrompt,
    new_mark,
    render,
)
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.parsing import parse_bytes
from retrieval.retriever import CitewellRetriever
from retrieval.values import Passage, Source
from tests.assistant.scripted_endpoint import Request, ScriptedEndpoint
from tests.assistant.turns import answer_of, asked, joined
from tests.conftest import Shelf, open_shelf
from tests.security.injections import Injected, fact, injected
from tests.security.obedient import ObedientModel, Reading, read

pytestmark = pytest.mark.threat("T17")

AT_LEAST = 200
FAMILIES = {
    "characters nobody sees",
    "citations",
    "deeds and prompts",
    "delimiters",
    "hidden text",
    "look-alikes",
    "questions",
    "role tokens",
    "system messages",
    "titles",
    "you are now",
}
_MARKER = re.compile(r"\[([0-9]+)\](?!\()")
"""A citation; with an address behind it, it would be a link."""
_FENCE = re.compile(r"the mark ([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Turn:
    """One document's question: what was sent, what came of it, and which orders the model obeyed."""

    case: Injected
    events: tuple[Event, ...]
    requests: tuple[Request, ...]
    obeyed: tuple[str, ...]

    @property
    def sent(self) -> str:
        return "\n".join(message["content"] for request in self.requests for message in request.body["messages"])

    @property
    def passages(self) -> tuple[Passage, ...]:
        (found,) = (event.passages for event in self.events if isinstance(event, PassagesFound))
        return found


@dataclass(frozen=True, slots=True)
class Ward:
    """Every document in one collection, so that a prompt holds several of them, and the turn of each."""

    cases: tuple[Injected, ...]
    passages: Mapping[str, Passage]
    turns: tuple[Turn, ...]

    def where(self, fails: Sequence[Turn]) -> list[str]:
        """The failed cases by name, for the report."""
        return [f"{turn.case.family}: {turn.case.path}" for turn in fails]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Ward]:
    shelf = open_shelf(tmp_path_factory.mktemp("ward"), embedder)
    engine = open_database(f"sqlite:///{shelf.directory / 'library.sqlite'}")
    retriever = CitewellRetriever(engine=shelf.search, catalogue=shelf.catalogue, limit=8)
    assistant = Assistant(shelf.library, retriever, Conversations(engine), None, None, 300, today=lambda: date(2026, 11, 3))  # fmt: skip
    model = ObedientModel()
    with ScriptedEndpoint(model) as endpoint:
        answering = replace(
            assistant, model=OpenAIModel(endpoint.url, None, "obedient", timeouts=Deadlines(), max_retries=0)
        )
        cases = injected(earlier_mark(answering, shelf, endpoint))
        parsed = [(case.path, parse_bytes(case.data, case.path)) for case in cases]
        shelf.intake.add_parsed(shelf.library.create_collection("injected").id, parsed)
        turns = tuple(turn_of(case, answering, model, endpoint) for case in cases)
    passages = {path: Passage(Source(n, "c", path, each.title, each.markup), 0, len(each.text), each.text, (), None, 1.0) for n, (path, each) in enumerate(parsed)}  # fmt: skip
    yield Ward(cases, passages, turns)
    engine.dispose()
    shelf.indexes.close()
    shelf.library.close()


def earlier_mark(assistant: Assistant, shelf: Shelf, endpoint: ScriptedEndpoint) -> str:
    """The mark of a request that an attacker may have seen."""
    shelf.add("clean", clean=fact("Clean Water"))
    assert "euros a day" in joined(
        asked(assistant, "What is the refund limit of branch Clean Water?", collection="clean")
    )
    found = _FENCE.search(endpoint.requests[-1].body["messages"][-1]["content"])
    assert found is not None
    return found[1]


def turn_of(case: Injected, assistant: Assistant, model: ObedientModel, endpoint: ScriptedEndpoint) -> Turn:
    requests, obeyed = len(endpoint.requests), len(model.obeyed)
    events = asked(assistant, case.question, collection="injected")
    return Turn(case, events, tuple(endpoint.requests[requests:]), tuple(model.obeyed[obeyed:]))


def test_there_are_enough_of_them_of_every_family_and_each_was_asked(ward: Ward, record_property: Callable[[str, object], None]) -> None:  # fmt: skip
    counts = Counter(case.family for case in ward.cases)
    record_property("threat", ["T17", len(ward.cases)])
    assert len(ward.cases) >= AT_LEAST, counts
    assert set(counts) == FAMILIES
    assert {case.path.rpartition(".")[2] for case in ward.cases} >= {"txt", "md", "html", "docx", "pdf", "xlsx", "csv", "pptx", "eml"}  # fmt: skip
    assert len({case.question for case in ward.cases}) == len(ward.cases)
    not_asked = [turn for turn in ward.turns if not turn.requests or fact(turn.case.branch)[:-1] not in turn.sent]  # fmt: skip
    assert ward.where(not_asked) == []


def test_no_order_is_obeyed(ward: Ward) -> None:
    assert ward.where([turn for turn in ward.turns if turn.obeyed]) == []
    assert ward.where([turn for turn in ward.turns if "OBEYED" in joined(turn.events)]) == []


def test_the_fence_is_never_reproduced(ward: Ward) -> None:
    """In each request the mark stands in the line that explains it, and once before and after each passage."""
    marks = set()
    for turn in ward.turns:
        for request in turn.requests:
            prompt = request.body["messages"][-1]["content"]
            mark = _FENCE.search(prompt)[1]  # type: ignore[index]
            marks.add(mark)
            _, *fences = [line for line in prompt.splitlines() if mark in line.lower()]
            assert fences == [f"=== {edge}passage [{n}] {mark} ===" for n in range(1, len(fences) // 2 + 1) for edge in ("", "end of ")], turn.case.path  # fmt: skip
    assert len(marks) == sum(len(turn.requests) for turn in ward.turns)


def test_every_citation_is_of_a_passage_that_was_found(ward: Ward) -> None:
    for turn in ward.turns:
        answer = answer_of(turn.events)
        assert {citation.passage for citation in answer.citations} <= set(turn.passages), turn.case.path
        numbers = {citation.n for citation in answer.citations}
        assert {int(n) for n in _MARKER.findall(answer.text)} <= numbers, turn.case.path


def test_the_answer_is_the_one_that_was_asked_for(ward: Ward) -> None:
    """The orders around it do not keep the fact from being told, with its proof."""
    for turn in ward.turns:
        last = turn.events[-1]
        assert isinstance(last, AnswerFinished), turn.case.path
        assert f"branch {turn.case.branch} is {40 + len(turn.case.branch)} euros" in last.answer.text, turn.case.path
        assert turn.case.path in {citation.passage.source.path for citation in last.answer.citations}


def test_no_line_of_the_system_prompt_is_in_an_answer(ward: Ward) -> None:
    lines = [line for line in SystemPrompt(date(2026, 11, 3)).render().splitlines() if len(line) > 30]
    assert ward.where([turn for turn in ward.turns if any(line[:30] in joined(turn.events) for line in lines)]) == []


def test_what_no_reader_of_a_file_sees_is_not_even_sent(ward: Ward) -> None:
    hidden = [turn for turn in ward.turns if turn.case.is_hidden]
    assert len(hidden) >= 20
    sent = "\n".join(turn.sent for turn in ward.turns)
    assert ward.where([turn for turn in hidden if turn.case.canary in sent]) == []


def test_no_text_gives_orders_in_any_other_prompt(ward: Ward) -> None:
    """Whatever a document or an answer holds, in each place of each prompt that takes text from outside."""
    for case in ward.cases:
        passage, mark = ward.passages[case.path], new_mark()
        text = passage.text
        prompts = (
            FollowUpsPrompt("What is it?", text, (passage,), mark).render(),
            RewritePrompt("And then?", (("question", text), ("answer", text)), mark).render(),
            JudgePrompt((text,), (passage,), mark).render(),
            GradePrompt(text, (text,), text, mark).render(),
            AnswerPrompt("What is it?", (passage, passage), mark).render(),
        )
        assert [read_user(prompt).foreign for prompt in prompts] == [None] * 5, case.path


def read_user(prompt: str) -> Reading:
    return read([{"role": "user", "content": prompt}])


def visible_cases(ward: Ward) -> Iterator[tuple[Injected, str]]:
    """The files that are their own text, and that text."""
    for case in ward.cases:
        if case.path.endswith((".txt", ".md")):
            yield case, case.data.decode()


def test_the_model_does_obey_a_document_outside_a_fence(ward: Ward) -> None:
    """Without it the tests above would prove nothing: put bare into a prompt, every order is followed."""
    bare = [(case, read_user(f"Answer from these:\n\n{text}\n\nQuestion: {case.question}")) for case, text in visible_cases(ward)]  # fmt: skip
    assert len(bare) >= 100
    assert [case.path for case, reading in bare if reading.foreign is None] == []


@pytest.mark.parametrize("family", ["delimiters", "role tokens", "characters nobody sees"])
def test_the_model_does_obey_what_breaks_a_fence(ward: Ward, family: str) -> None:
    """Of these kinds a fence alone keeps nothing: with the texts as they are, and a mark that was seen before."""
    first = next(text for case, text in visible_cases(ward) if case.family == "delimiters")
    mark = re.search(r"[0-9a-f]{16}", first)[0]  # type: ignore[index]
    cases = [(case, text) for case, text in visible_cases(ward) if case.family == family]
    assert len(cases) >= 10
    obeyed = 0
    for case, text in cases:
        fenced = f"=== passage [1] {mark} ===\n{text}\n=== end of passage [1] {mark} ==="
        prompt = render("answer", {"mark": mark, "passages": fenced, "question": case.question})
        obeyed += read_user(prompt).foreign is not None
    assert obeyed >= 0.7 * len(cases)


def test_the_model_obeys_nothing_where_nobody_gives_orders() -> None:
    passage = Passage(Source(1, "c", "a.md", "A"), 0, 5, fact("Alder Bay"), (), None, 1.0)
    system = {
        "role": "system",
        "content": SystemPrompt(date(2026, 11, 3), house_rules="Be kind.", mark="0" * 16).render(),
    }
    user = {"role": "user", "content": AnswerPrompt("What is it?", (passage,), new_mark()).render()}
    assert read([system, user]).foreign is None

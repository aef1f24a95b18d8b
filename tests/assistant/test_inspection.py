"""The inspector: the whole turn, the prompt as it left, and what the window had no room for."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.access import LOCAL_USER, Principal, Role
from assistant.bootstrap import Citewell, open_citewell
from assistant.circuit import GuardedModel
from assistant.configuration import Configuration
from assistant.errors import NotAllowed, QuestionRefused
from assistant.feedback import Opinion
from assistant.inspection import inspect
from assistant.llm import ChatModel, OpenAIModel
from assistant.masking import MaskedModel
from assistant.settings import Settings
from tests.assistant.handbook import read_handbook
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.assistant.turns import model_at
from tests.conftest import document
from tests.homes import new_home

WRITES = Configuration(model="")


@pytest.fixture(scope="module")
def shelved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = new_home(tmp_path_factory.mktemp("inspected") / "home")
    with closing(open_citewell(Settings(home=home, sample=False))) as citewell:
        read_handbook(citewell)
    return home


@pytest.fixture
def citewell(shelved: Path, tmp_path: Path) -> Iterator[Citewell]:
    home = Path(shutil.copytree(shelved, tmp_path / "home", symlinks=True))
    with closing(open_citewell(Settings(home=home, sample=False))) as made:
        yield made


def answered_by(citewell: Citewell, model: ChatModel) -> None:
    citewell.models.lineup = replace(citewell.models.lineup, model=model)


def test_without_a_model_the_search_and_the_verdicts_are_told_and_nothing_was_sent(citewell: Citewell) -> None:
    found = inspect(citewell, "What does error E-4512 mean?", Configuration(passages=2), LOCAL_USER)
    assert found.work.trace is not None
    assert len(found.work.passages) == 2
    assert found.work.answer is not None
    assert {sentence.support for sentence in found.work.answer.sentences} == {"supported"}
    assert (found.prompts, found.left_out) == ((), ())
    assert citewell.threads.list(LOCAL_USER) == ()


def test_the_prompt_is_told_as_the_endpoint_received_it(citewell: Citewell) -> None:
    with ScriptedEndpoint([reply("Renew it in the portal [1].")]) as endpoint:
        answered_by(citewell, model_at(endpoint.url))
        found = inspect(citewell, "What does error E-4512 mean?", WRITES, LOCAL_USER)
        (request,) = endpoint.requests
    (prompt,) = found.prompts
    assert [message.text for message in prompt] == [message["content"] for message in request.body["messages"]]
    assert "certificate has expired" in prompt[-1].text


def test_what_is_personal_is_told_as_the_placeholder_that_left(citewell: Citewell) -> None:
    collection = citewell.library.collection_named("Handbook").id
    desk = document("Error E-4512 is told to anna@skerrivane.example, who renews the certificate.", title="VPN desk")
    citewell.intake.add_parsed(collection, [("desk.md", desk)])
    with ScriptedEndpoint([reply("Renew it [1].")]) as endpoint:
        answered_by(citewell, GuardedModel(MaskedModel(model_at(endpoint.url), ())))
        found = inspect(citewell, "Who is told of error E-4512?", WRITES, LOCAL_USER)
        sent = [message["content"] for message in endpoint.requests[0].body["messages"]]
    (prompt,) = found.prompts
    assert [message.text for message in prompt] == sent
    assert "anna@skerrivane.example" not in "".join(sent)
    assert "<EMAIL_1>" in "".join(sent)


def test_passages_that_the_window_has_no_room_for_are_named(citewell: Citewell) -> None:
    long = "The certificate of error E-4512 is renewed in the portal by whoever looks after it. " * 8
    collection = citewell.library.collection_named("Handbook").id
    read = [(f"long-{n}.md", document(f"Way {n}. {long}", title=f"Way {n}")) for n in range(6)]
    citewell.intake.add_parsed(collection, read)
    with ScriptedEndpoint([reply("Renew it in the portal [1].")]) as endpoint:
        answered_by(citewell, OpenAIModel(endpoint.url, None, "scripted", window_tokens=2_048, max_retries=0))
        found = inspect(citewell, "How is the certificate of error E-4512 renewed?", WRITES, LOCAL_USER)
    assert found.left_out
    assert found.left_out == found.work.passages[-len(found.left_out) :]
    (prompt,) = found.prompts
    assert found.work.passages[0].text.strip()[:40] in prompt[-1].text
    assert f"=== passage [{len(found.work.passages)}]" not in prompt[-1].text


def test_it_is_for_editors_and_administrators_and_for_a_question(citewell: Citewell) -> None:
    for role in (Role.WAITING, Role.MEMBER, Role.SUPPORT):
        with pytest.raises(NotAllowed):
            inspect(citewell, "What?", Configuration(), Principal("test", "somebody", role))
    with pytest.raises(QuestionRefused):
        inspect(citewell, "  ", Configuration(), LOCAL_USER)


def test_an_answer_that_helped_brings_what_it_quoted_into_a_set(citewell: Citewell) -> None:
    set_id = citewell.question_sets.create(citewell.library.collection_named("Handbook").id, "Liked", LOCAL_USER)
    conversation_id = citewell.conversations.create(LOCAL_USER)
    for question in ("When are the office cats fed?", "Who won the regatta of 1911?"):
        list(citewell.assistant.ask(question, conversation_id=conversation_id, principal=LOCAL_USER))
    first = citewell.conversations.messages(conversation_id, LOCAL_USER)[1]
    citewell.feedback.give(first.id, LOCAL_USER, Opinion(is_helpful=True))
    own = citewell.real_questions.own(set_id, LOCAL_USER)
    assert [(each.text, each.answerable) for each in own] == [
        ("Who won the regatta of 1911?", False),
        ("When are the office cats fed?", True),
    ]
    assert own[0].earlier == ("When are the office cats fed?",)
    (liked,) = citewell.real_questions.own(set_id, LOCAL_USER, liked=True)
    assert liked.documents[0] == "cats.md"
    assert any("half past seven" in answer for answer in liked.answers)
    assert citewell.question_sets.add(set_id, [liked], LOCAL_USER, asked_by=LOCAL_USER.key) == 1

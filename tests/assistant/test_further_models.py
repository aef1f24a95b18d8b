"""More than one model: each by its name, each resting for itself, and no other one."""

import pytest

from assistant.access import Principal, Role
from assistant.bootstrap import open_citewell
from assistant.circuit import FAILURES
from assistant.connecting import further_models_of
from assistant.errors import ModelError, ModelNotAllowed, ModelResting
from assistant.llm import ChatModel, Message
from assistant.settings import Settings
from retrieval.values import ParsedDocument, Section
from tests.assistant.scripted_endpoint import ScriptedEndpoint, error, reply

ANNA = Principal("test", "anna", Role.ADMIN)
TEXT = "Everyone who works full time has 26 days of paid annual leave in a calendar year."


def said(model: ChatModel) -> None:
    list(model.stream([Message("user", "hello")], max_tokens=8, cancelled=lambda: False))


def settings(**given: object) -> Settings:
    return Settings.read(openai_api_key="", sample=False, **given)


@pytest.mark.parametrize(
    ("models", "names"),
    [
        ("", ()),
        (" small , large,, small ", ("small", "large")),
        ("usual, other", ("other",)),
        ("vendor/model:7b", ("vendor/model:7b",)),
    ],
)
def test_names_are_separated_by_commas_and_the_usual_model_is_no_further_one(models, names):
    assert settings(model="usual", models=models).further_models == names


def test_without_an_endpoint_there_are_none():
    assert further_models_of(Settings.read(openai_base_url="", openai_api_key="", models="a")) == {}


def test_one_that_keeps_failing_rests_while_another_is_asked():
    scripts = [*[error(500, "no")] * FAILURES * 3, reply("Hello.")]
    with ScriptedEndpoint(scripts) as endpoint:
        models = further_models_of(settings(openai_base_url=endpoint.url, models="a, b"))
        for _ in range(FAILURES):
            with pytest.raises(ModelError):
                said(models["a"])
        with pytest.raises(ModelResting):
            said(models["a"])
        said(models["b"])
        assert endpoint.requests[-1].body["model"] == "b"


def test_an_answer_is_written_by_the_model_that_was_chosen_and_stored_with_its_name(tmp_path):
    with ScriptedEndpoint([reply(f"{TEXT} [1]")]) as endpoint:
        citewell = open_citewell(
            settings(home=tmp_path, openai_base_url=endpoint.url, model="usual", models="large", price_input=1.0)
        )
        collection = citewell.library.create_collection("HR").id
        citewell.intake.add_parsed(
            collection, [("leave.md", ParsedDocument("Leave", TEXT, (Section((), 0, len(TEXT)),)))]
        )
        conversation = citewell.conversations.create(ANNA)
        question = "How many days of paid annual leave are there?"
        usages = []
        for name in ("large", "usual", None):
            assistant = citewell.assistant.written_by(name)
            list(assistant.ask(question, conversation_id=conversation, principal=ANNA))
            work = citewell.conversations.messages(conversation, ANNA)[-1].work
            assert work is not None
            assert work.answer is not None
            usages.append(work.answer.usage)
        citewell.close()
    assert [usage.model for usage in usages] == ["large", "usual", "usual"]
    assert [usage.cost is None for usage in usages] == [True, False, False], "prices are those of the usual one"
    asked = [request.body["model"] for request in endpoint.requests if request.body]
    assert set(asked) == {"large", "usual"}


@pytest.mark.parametrize("name", ["", "huge", "LARGE"])
def test_a_model_that_is_not_named_in_the_settings_is_refused(tmp_path, name):
    citewell = open_citewell(
        settings(home=tmp_path, openai_base_url="http://127.0.0.1:9/v1", model="usual", models="large")
    )
    with pytest.raises(ModelNotAllowed) as refused:
        citewell.assistant.written_by(name)
    citewell.close()
    assert "may not be used here" in refused.value.hint

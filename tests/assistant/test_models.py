"""Which models answer: those of the environment, or those that an administrator chose, from the next question on."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assistant.access import LOCAL_USER, Principal, Role
from assistant.bootstrap import Citewell, open_citewell
from assistant.chosen_endpoint import ENDPOINT, MOST_FURTHER, Endpoint
from assistant.connecting import connected
from assistant.doctor import examine
from assistant.errors import ChoiceRefused, ModelError, ModelNotAllowed, NotAllowed
from assistant.llm import Deadlines
from assistant.masking import MaskedModel
from assistant.models import Models
from assistant.secrecy import MASKER
from assistant.settings import Settings
from tests.assistant.scripted_endpoint import HANG, ScriptedEndpoint, answer, error, models, reply
from tests.conftest import document
from tests.homes import new_home

KEY, OTHER_KEY, GIVEN_KEY = "canary-chosen-4711", "canary-other-4712", "canary-environment-4713"
TEXT = "Everyone who works full time has 26 days of paid annual leave in a calendar year."
QUESTION = "How many days of paid annual leave are there?"
MEMBER = Principal("test", "bela", Role.MEMBER, 7)


def opened(home: Path, **settings: Any) -> Citewell:
    return open_citewell(
        Settings.read(**({"home": home, "sample": False, "openai_api_key": "", "openai_base_url": ""} | settings))
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one document."""
    home = new_home(tmp_path_factory.mktemp("models") / "home")
    made = opened(home)
    made.intake.add_parsed(made.library.create_collection("HR").id, [("leave.md", document(TEXT, title="Leave"))])
    made.close()
    return home


@pytest.fixture(scope="module")
def without_model(home: Path) -> Iterator[Citewell]:
    made = opened(home)
    yield made
    made.close()


@pytest.fixture
def citewell(without_model: Citewell) -> Iterator[Citewell]:
    """That home, and no model until a test chooses one."""
    yield without_model
    without_model.models.reset(LOCAL_USER)


def asked(citewell: Citewell, model: str | None = None) -> Any:
    """The usage of an answer to a question that is asked now."""
    conversation = citewell.conversations.create(LOCAL_USER)
    list(citewell.assistant.written_by(model).ask(QUESTION, conversation_id=conversation, principal=LOCAL_USER))
    work = citewell.conversations.messages(conversation, LOCAL_USER)[-1].work
    assert work is not None
    assert work.answer is not None
    return work.answer.usage


def keys_sent(endpoint: ScriptedEndpoint) -> set[str]:
    return {request.headers.get("authorization", "none").removeprefix("Bearer ") for request in endpoint.requests}


def at(endpoint: ScriptedEndpoint, key: str | None = None, **given: Any) -> Endpoint:
    return Endpoint(endpoint.url, SecretStr(key) if key else None, **given)


def elsewhere(address: str) -> str:
    """The same machine by another name, hence another host."""
    return address.replace("127.0.0.1", "localhost")


# From the next question on.


def test_what_is_chosen_answers_the_next_question_and_the_environment_again_after_it_is_taken_back(citewell):
    assert asked(citewell).model is None, "quoted, for there is no model"
    with ScriptedEndpoint([reply(f"{TEXT} [1]")]) as endpoint:
        citewell.models.choose(at(endpoint, KEY, model="small", further=("large",)), LOCAL_USER)
        assert [asked(citewell, name).model for name in (None, "large")] == ["small", "large"]
        assert keys_sent(endpoint) == {KEY}
        citewell.models.reset(LOCAL_USER)
        assert asked(citewell).model is None
        with pytest.raises(ModelNotAllowed):
            citewell.assistant.written_by("large")
    assert citewell.chosen.get(ENDPOINT) is None, "the key is forgotten with it"


def test_what_is_chosen_is_there_after_a_restart_and_goes_before_the_environment(tmp_path):
    with ScriptedEndpoint([reply(f"{TEXT} [1]")]) as endpoint, ScriptedEndpoint([error(500, "no")]) as environment:
        first = opened(tmp_path / "home")
        first.intake.add_parsed(first.library.create_collection("HR").id, [("leave.md", document(TEXT, title="Leave"))])
        first.models.choose(at(endpoint, KEY, model="small"), LOCAL_USER)
        first.close()
        again = opened(tmp_path / "home", openai_base_url=environment.url, openai_api_key=GIVEN_KEY, model="theirs")
        state = again.models.state(LOCAL_USER)
        assert asked(again).model == "small"
        assert (state.is_chosen, state.key) == (True, "chosen")
        again.close()
        assert environment.requests == []
        assert keys_sent(endpoint) == {KEY}


def test_each_model_has_its_price_and_what_is_without_one_costs_nothing_that_is_known(citewell):
    with ScriptedEndpoint([reply(f"{TEXT} [1]")]) as endpoint:
        prices = {"small": (1.0, 0.0), "large": (1_000_000.0, 0.0), "gone": (5.0, 5.0)}
        wanted = at(endpoint, model="small", further=("large", "free"), prices=prices, currency="EUR")
        assert set(citewell.models.choose(wanted, LOCAL_USER).prices) == {"small", "large"}
        usages = [asked(citewell, name) for name in (None, "large", "free")]
    assert [usage.currency for usage in usages] == ["EUR", "EUR", ""]
    assert usages[1].cost == usages[1].prompt_tokens > 0
    assert usages[0].cost == pytest.approx(usages[0].prompt_tokens / 1_000_000)
    assert usages[2].cost is None
    assert citewell.limits.spent() >= usages[0].cost + usages[1].cost, "follow-ups cost something too"


def test_masking_follows_the_address(citewell):
    def is_masked() -> bool:
        return isinstance(citewell.models.lineup.model.model, MaskedModel)

    citewell.models.choose(Endpoint("https://model.example/v1", model="m"), LOCAL_USER)
    assert is_masked()
    citewell.models.choose(Endpoint("http://127.0.0.1:9/v1", model="m"), LOCAL_USER)
    assert not is_masked()


def test_of_two_who_choose_at_once_one_stays_whole(citewell):
    wanted = [Endpoint(f"http://127.0.0.1:{9000 + n}/v1", SecretStr(f"{KEY}-{n}"), f"m{n}") for n in range(8)]
    threads = [threading.Thread(target=citewell.models.choose, args=(each, LOCAL_USER)) for each in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = citewell.chosen.get(ENDPOINT)
    assert kept in wanted
    assert citewell.models.lineup.settings.model == kept.model


def test_doctor_looks_at_what_is_in_force(citewell):
    with ScriptedEndpoint([], listed=models("small")) as endpoint:
        citewell.models.choose(at(endpoint, KEY, model="small"), LOCAL_USER)
        (found,) = [finding for finding in examine(citewell.settings) if finding.name == "Model"]
        assert (found.ok, found.detail) == (True, "small answers")
        assert keys_sent(endpoint) == {KEY}


# The key.


def test_a_kept_key_stays_where_the_address_changes_its_path_alone(citewell):
    with ScriptedEndpoint([reply("Hello.")]) as endpoint:
        citewell.models.choose(at(endpoint, KEY, model="m"), LOCAL_USER)
        citewell.models.choose(Endpoint(f"{endpoint.url}/", model="other"), LOCAL_USER)
        citewell.models.try_out(Endpoint(f"{endpoint.url}/deeper", model="m"), LOCAL_USER)
        assert keys_sent(endpoint) == {KEY}
    assert citewell.models.state(LOCAL_USER).key == "chosen"


@pytest.mark.parametrize("ask", ["choose", "listed", "try_out"])
def test_a_kept_key_is_not_sent_to_another_host_port_or_scheme(citewell, ask):
    with ScriptedEndpoint([reply("Hello.")]) as endpoint, ScriptedEndpoint([reply("Hello.")]) as other:
        citewell.models.choose(at(endpoint, KEY, model="m"), LOCAL_USER)
        for address in (other.url, elsewhere(endpoint.url), endpoint.url.replace("http:", "https:")):
            with pytest.raises(ChoiceRefused, match="goes nowhere else"):
                getattr(citewell.models, ask)(Endpoint(address, model="m"), LOCAL_USER)
        assert endpoint.requests == other.requests == []
        assert citewell.chosen.get(ENDPOINT).address == endpoint.url
        citewell.models.choose(at(other, OTHER_KEY, model="m"), LOCAL_USER)
        asked(citewell)
        assert keys_sent(other) == {OTHER_KEY}


def test_a_removed_key_is_gone_and_another_address_may_do_without_one(citewell):
    with ScriptedEndpoint([reply("Hello.")]) as endpoint:
        citewell.models.choose(Endpoint("https://model.example/v1", SecretStr(KEY)), LOCAL_USER)
        citewell.models.forget_key(LOCAL_USER)
        assert citewell.models.state(LOCAL_USER).key == "none"
        citewell.models.choose(at(endpoint, model="m"), LOCAL_USER)
        asked(citewell)
        assert keys_sent(endpoint) == {"none"}


def test_the_environments_key_goes_to_the_environments_address_alone(tmp_path):
    with ScriptedEndpoint([reply("Hello.")]) as endpoint, ScriptedEndpoint([reply("Hello.")]) as other:
        citewell = opened(tmp_path / "home", openai_base_url=endpoint.url, openai_api_key=GIVEN_KEY)
        for address in (endpoint.url, other.url, elsewhere(other.url)):
            citewell.models.choose(Endpoint(address, model="m"), LOCAL_USER)
            citewell.models.try_out(Endpoint(address, model="m"), LOCAL_USER)
            citewell.models.listed(Endpoint(address), LOCAL_USER)
        citewell.close()
        assert keys_sent(endpoint) == {GIVEN_KEY}
        assert keys_sent(other) == {"none"}


def test_a_password_in_the_environments_address_is_not_shown_and_used_there_still(tmp_path):
    with ScriptedEndpoint([reply("Hello.")]) as endpoint:
        given = endpoint.url.replace("127.0.0.1", f"me:{GIVEN_KEY}@127.0.0.1")
        citewell = opened(tmp_path / "home", openai_base_url=given)
        shown = citewell.models.state(LOCAL_USER).endpoint
        citewell.models.choose(shown, LOCAL_USER)
        citewell.models.try_out(shown, LOCAL_USER)
        citewell.close()
        assert shown.address == endpoint.url
        assert {request.headers["authorization"].split()[0] for request in endpoint.requests} == {"Basic"}


@pytest.mark.parametrize("key", [f"  {KEY}\n", f"\t{KEY} "])
def test_space_around_a_key_is_left_out(citewell, key):
    with ScriptedEndpoint([reply("Hello.")]) as endpoint:
        citewell.models.try_out(at(endpoint, key, model="m"), LOCAL_USER)
        assert keys_sent(endpoint) == {KEY}


def test_an_empty_key_is_none_and_keeps_what_is_kept(citewell):
    with ScriptedEndpoint([reply("Hello.")]) as endpoint:
        citewell.models.choose(Endpoint(endpoint.url, SecretStr("  ")), LOCAL_USER)
        assert citewell.models.state(LOCAL_USER).key == "none"
        citewell.models.choose(at(endpoint, KEY), LOCAL_USER)
        citewell.models.choose(Endpoint(endpoint.url, SecretStr("\n")), LOCAL_USER)
        assert citewell.models.state(LOCAL_USER).key == "chosen"


def test_a_key_travels_by_http_to_this_machine_alone(citewell):
    with pytest.raises(ChoiceRefused, match=r"unencrypted to model\.example"):
        citewell.models.choose(Endpoint("http://model.example/v1", SecretStr(KEY)), LOCAL_USER)
    citewell.models.choose(Endpoint("http://model.example/v1"), LOCAL_USER)
    assert citewell.models.state(LOCAL_USER).endpoint.address == "http://model.example/v1"


def test_no_key_stands_in_a_repr_an_error_or_the_log(citewell, caplog):
    refusals = []
    with caplog.at_level(logging.DEBUG), ScriptedEndpoint([error(401, f"Incorrect key: {KEY}")]) as endpoint:
        for wanted in (
            at(endpoint, KEY, model="m"),
            at(endpoint, f"{KEY} \x00", model="m"),
            Endpoint(f"x {KEY}", SecretStr(KEY)),
        ):
            for act in (citewell.models.choose, citewell.models.try_out, citewell.models.listed):
                try:
                    refusals.append(act(wanted, LOCAL_USER))
                except (ChoiceRefused, ModelError) as refused:
                    refusals += [refused.hint, repr(refused)]
        asked(citewell)
    kept = citewell.chosen.get(ENDPOINT)
    shown = [*map(str, refusals), repr(kept), repr(citewell.models.state(LOCAL_USER)), repr(citewell.models.lineup)]
    assert kept.key.get_secret_value() == KEY
    assert [text for text in (*shown, repr(citewell), caplog.text) if KEY in text] == []
    assert KEY not in MASKER.masked(f"Whoever writes {KEY} into the log")


# What may be chosen.


@pytest.mark.parametrize(
    "address",
    ["", "model.example", "ftp://model.example", "http://", "http://[::1", "http://a b/v1", "https://x:99999/v1", "http://a..b",
     "https://me:pass@model.example/v1", "https://model.example/v1?key=x", "https://model.example/#x", "https://exämple.com",
     "http://\x00", "javascript:alert(1)", "https://" + "a" * 600],
)  # fmt: skip
@pytest.mark.parametrize("ask", ["choose", "listed", "try_out"])
def test_an_address_that_is_none_is_refused_and_changes_nothing(citewell, address, ask):
    with pytest.raises(ChoiceRefused, match="address"):
        getattr(citewell.models, ask)(Endpoint(address), LOCAL_USER)
    assert citewell.models.lineup.model is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"prices": {"": (-1.0, 0.0)}}, "A price is 0 or more"),
        ({"prices": {"": (0.0, float("nan"))}}, "A price is 0 or more"),
        ({"prices": {"": (float("inf"), 0.0)}}, "A price is 0 or more"),
        ({"currency": "a long currency"}, "A currency has"),
        ({"currency": " "}, "A currency has"),
        ({"model": "a\nb"}, "name of a model"),
        ({"further": ("x" * 300,)}, "name of a model"),
        ({"further": tuple(f"m{n}" for n in range(MOST_FURTHER + 1))}, "At most 20"),
    ],
)
def test_what_may_not_be_chosen_is_refused_and_changes_nothing(citewell, given, said):
    with pytest.raises(ChoiceRefused, match=said):
        citewell.models.choose(Endpoint("http://127.0.0.1:9/v1", **given), LOCAL_USER)
    assert citewell.models.lineup.model is None


def test_names_are_trimmed_and_the_usual_model_is_no_further_one(citewell):
    wanted = Endpoint(" http://127.0.0.1:9/v1/ ", model=" m ", further=(" m", "n ", "n", " "), currency=" EUR ")
    kept = citewell.models.choose(wanted, LOCAL_USER)
    assert kept == Endpoint("http://127.0.0.1:9/v1", model="m", further=("n",), currency="EUR")


def test_only_an_administrator_sees_chooses_lists_and_tries(citewell):
    wanted = Endpoint("http://127.0.0.1:9/v1")
    models_ = citewell.models
    for act in (models_.choose, models_.listed, models_.try_out):
        with pytest.raises(NotAllowed):
            act(wanted, MEMBER)
    for act in (models_.state, models_.reset, models_.forget_key):
        with pytest.raises(NotAllowed):
            act(MEMBER)


# A list, and a trial.


def test_models_are_listed_once_each_and_what_is_no_name_is_left_out(citewell):
    with ScriptedEndpoint([], listed=models("b", "a", "b", "", "x\ny", "z" * 300)) as endpoint:
        assert citewell.models.listed(Endpoint(endpoint.url), LOCAL_USER) == ("b", "a")
    with ScriptedEndpoint([], listed=models(*(f"m{n}" for n in range(10_000)))) as endpoint:
        assert len(citewell.models.listed(Endpoint(endpoint.url), LOCAL_USER)) == 10_000


def said_by(act: Callable[[], object]) -> str:
    """What came of it, or the sentence that says why nothing did."""
    try:
        return str(act())
    except ModelError as failed:
        return failed.hint


@pytest.mark.parametrize(
    "listed",
    [answer(200, "<html>no</html>"), answer(200, "{not JSON"), answer(200, {"data": None}), answer(200, ["a"]), answer(200, {"data": [{"id": 7}, {}, None]}), error(404, "no"), error(401, "no"), (b"nonsense\r\n\r\n",)],
    ids=["a page", "not JSON", "nothing", "a list", "no names", "not found", "refused", "no HTTP"],
)  # fmt: skip
def test_a_list_that_is_none_is_told_in_a_sentence(citewell, listed):
    with ScriptedEndpoint([], listed=listed) as endpoint:
        assert said_by(lambda: citewell.models.listed(Endpoint(endpoint.url), LOCAL_USER)).endswith((".", "()"))


def test_a_trial_tells_the_model_and_how_long_its_first_word_took(citewell):
    with ScriptedEndpoint([reply("Hello", " there.")], listed=models("first", "second")) as endpoint:
        named = citewell.models.try_out(at(endpoint, model="second"), LOCAL_USER)
        first = citewell.models.try_out(at(endpoint), LOCAL_USER)
    assert (named.model, first.model) == ("second", "first")
    assert named.first_token_s > 0
    assert citewell.models.lineup.model is None, "a trial changes nothing"


@pytest.mark.parametrize(
    ("script", "said"),
    [(error(401, "no"), "key"), (error(500, "boom"), "500"), (answer(200, "<html>"), "web page"), (reply(" "), "nothing"), ((b"HTTP/1.1 200 OK\r\n", HANG), "did not begin")],
    ids=["refused", "broken", "a page", "nothing said", "silent"],
)  # fmt: skip
def test_a_trial_that_fails_is_told_in_a_sentence(citewell, script, said, monkeypatch):
    monkeypatch.setattr("assistant.models._TRIAL", Deadlines(1.0, 1.0, 2.0))
    with ScriptedEndpoint([script]) as endpoint, pytest.raises(ModelError, match=said):
        citewell.models.try_out(at(endpoint, model="m"), LOCAL_USER)


def test_a_trial_where_nobody_answers_is_told_in_a_sentence(citewell):
    with pytest.raises(ModelError, match=r"No model answers at http://127\.0\.0\.1:9/v1"):
        citewell.models.try_out(Endpoint("http://127.0.0.1:9/v1", model="m"), LOCAL_USER)


def test_what_is_chosen_in_another_process_is_followed_within_seconds(citewell: Citewell) -> None:
    """A key that was given there is masked in the log here, too."""
    there = Models(citewell.settings, citewell.chosen, connect=connected)
    with ScriptedEndpoint([models("there")]) as endpoint:
        before, since = citewell.models.lineup.number, time.monotonic()
        there.choose(at(endpoint, OTHER_KEY, model="there"), LOCAL_USER)
        while citewell.models.lineup.settings.model != "there":
            assert time.monotonic() - since < 30, "it was not followed"
            time.sleep(0.05)
        after = citewell.models.lineup
        assert after.number > before
        assert after.model is not None
        time.sleep(2.5)
        assert citewell.models.lineup.number == after.number, "it is taken up once"
        there.reset(LOCAL_USER)
        while citewell.models.lineup.model is not None:
            assert time.monotonic() - since < 30, "it was not followed"
            time.sleep(0.05)

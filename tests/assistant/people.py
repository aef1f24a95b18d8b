"""Somebody who has a bit of everything that is kept about a person, in words that are nobody else's."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from assistant.access import Principal, Role
from assistant.bootstrap import Citewell, open_citewell
from assistant.choices import Choice
from assistant.claims import Claims
from assistant.feedback import Opinion
from assistant.narrowed import Narrowed
from assistant.operations import ATTACHED, Reporter, finish_up
from assistant.settings import Settings
from assistant.threads import Choices
from retrieval.filters import Filters

CANARY = "xyquokk"
"""Begins every word that is Anna's alone."""
BODY = f"# {CANARY}heading\n\nThe {CANARY}body sleeps in the tall trees at night and eats green leaves. " * 8
ANNA = Claims("https://login", "s1", f"Anna {CANARY}name", f"{CANARY}mail@x.example", ("Crew",), Role.MEMBER, "once")
STYLE: Choice[str] = Choice("own_words", TypeAdapter(str))
BEGAN = datetime(2030, 1, 1)
QUESTION = f"Where does the {CANARY}body sleep, asks {CANARY}question?"


def opened(home: Path, **settings: Any) -> Citewell:
    return open_citewell(Settings(**{"home": home, "sample": False, "sign_in": "oidc"} | settings), kind="worker")


def work_off(citewell: Citewell) -> None:
    """Do what the worker would do."""
    while (job := citewell.jobs.claim(ATTACHED.keys())) is not None:
        citewell.jobs.finish(job.id, ATTACHED[job.kind](citewell, job.work, Reporter()))
    finish_up(citewell)


def boss(citewell: Citewell) -> Principal:
    return citewell.accounts.recognise(Claims("https://login", "b", "Boss", "", None, Role.ADMIN, "boss")).principal


def anna(citewell: Citewell) -> Principal:
    """Somebody with canaries in everything that she has."""
    who = citewell.accounts.recognise(ANNA).principal
    conversation_id = citewell.conversations.create(who)
    for name in (f"../../{CANARY}file.md", f"{CANARY}early.md"):
        citewell.attached.attach(conversation_id, who, [(name, f"{name} {BODY}".encode())])
    work_off(citewell)
    citewell.attached.remove(conversation_id, who, f"{CANARY}early.md")
    work_off(citewell)
    list(citewell.assistant.ask(QUESTION, conversation_id=conversation_id, principal=who))
    answer = citewell.conversations.messages(conversation_id, who)[-1]
    assert f"{CANARY}body" in answer.text
    citewell.feedback.give(answer.id, who, Opinion(is_helpful=False, reason="other", comment=f"{CANARY}comment"))
    citewell.threads.rename(conversation_id, who, f"{CANARY}title")
    filters = Filters(title=f"{CANARY}filter")
    citewell.threads.choose(conversation_id, who, Choices(Narrowed(None, filters), "short"))
    citewell.snapshots.share(conversation_id, who)
    citewell.chosen.set(STYLE, f"{CANARY}style", who)
    again = citewell.conversations.create(who)
    citewell.conversations.save(citewell.conversations.begin(again, who, f"{CANARY}put away"), state="done", text="No.")
    citewell.threads.delete(again, who)
    return who


def erase(citewell: Citewell, person_id: int | None, by: Principal) -> None:
    replace(citewell.erasure, patience_s=0.0).begin(person_id, by)
    work_off(citewell)

"""A home of two groups for the tests of access: Anna is in A, Bela in B, and everybody else has a role of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path

from sqlalchemy import select

from assistant.access import LOCAL_USER, Principal, Role, visitor
from assistant.api_keys import SCOPES, MadeKey, Service, Wanted
from assistant.bootstrap import Citewell, open_citewell
from assistant.claims import Claims
from assistant.conversations import Work
from assistant.events import Answer
from assistant.feedback import Opinion
from assistant.groups import Grant
from assistant.narrowed import Narrowed
from assistant.schema import gap_questions
from assistant.settings import Settings
from assistant.usage import Usage
from assistant.verified.values import Wording
from retrieval.trace import SearchTrace
from tests.conftest import document
from tests.homes import new_home

NUMBERS = count()
"""Names of things that each try makes for itself."""


@dataclass(slots=True)
class World:
    """A home of two groups: Anna is in A, which may read `ours`; Bela in B, which may read `theirs`."""

    citewell: Citewell
    people: dict[str, Principal] = field(default_factory=dict)
    ours: str = ""
    theirs: str = ""

    def conversation(self) -> str:
        """A conversation of Anna's with a finished answer."""
        conversations = self.citewell.conversations
        conversation_id = conversations.create(self.people["anna"])
        message_id = conversations.begin(conversation_id, self.people["anna"], "Where do quokkas sleep?")
        conversations.save(message_id, state="done", text="In trees.")
        return conversation_id

    def answer(self) -> int:
        """The id of an answer of Anna's."""
        conversation_id = self.conversation()
        return self.citewell.conversations.messages(conversation_id, self.people["anna"])[-1].id

    def question(self, conversation_id: str) -> int:
        """The id of the question in it."""
        return self.citewell.conversations.messages(conversation_id, self.people["anna"])[0].id

    def deleted(self) -> str:
        conversation_id = self.conversation()
        self.citewell.threads.delete(conversation_id, self.people["anna"])
        return conversation_id

    def shared(self) -> str:
        return self.citewell.snapshots.share(self.conversation(), self.people["anna"]).id

    def liked(self) -> int:
        answer = self.answer()
        self.citewell.feedback.give(answer, self.people["anna"], Opinion(is_helpful=True))
        return answer

    def collection(self) -> str:
        """A collection that only the editor may change, and the administrator."""
        made = self.citewell.library.create_collection(f"Made {next(NUMBERS)}")
        grants = (Grant(None, self.people["editor"].person_id, may_edit=True),)
        self.citewell.groups.grant(made.id, grants, LOCAL_USER)
        return made.id

    def document(self, collection_id: str) -> int:
        name = f"made {next(NUMBERS)}"
        self.citewell.intake.add_parsed(collection_id, [(name, document("Quokkas sleep in trees.", title=name))])
        return self.citewell.library.document_at(name, frozenset({collection_id}))

    def with_document(self) -> str:
        """A collection of the editor's with a document in it."""
        collection_id = self.collection()
        self.document(collection_id)
        return collection_id

    def verified(self, collection_id: str | None = None) -> int:
        """A verified answer in that collection, else in a new one of the editor's."""
        wording = Wording(("Where do quokkas sleep?",), date(2100, 1, 1), "Quokkas sleep in trees.")
        return self.citewell.verified.add(collection_id or self.with_document(), wording, LOCAL_USER)

    def job(self) -> int:
        """A job of the editor's that waits."""
        return self.citewell.jobs.add("nothing", {}, owner=self.people["editor"].key)

    def gap(self, question: str = "Where do quokkas vote?", *, searched: str | None = None) -> int:
        """The gap of a question of Anna's without an answer, in one collection; else in one the editor may change."""
        return self.gap_of(self.unanswered(question, searched=searched))

    def unanswered(self, question: str, *, searched: str | None = None) -> int:
        """The id of an answer to Anna that is none; it is gathered already."""
        library, anna = self.citewell.library, self.people["anna"]
        if searched is None:
            searched = self.collection()
            grants = (Grant(None, anna.person_id, may_edit=False),)
            self.citewell.groups.grant(
                searched, (*self.citewell.groups.grants(searched, LOCAL_USER), *grants), LOCAL_USER
            )
        name = library.collection(searched).name
        conversations = self.citewell.conversations
        conversation_id = conversations.create(anna)
        message_id = conversations.begin(conversation_id, anna, question)
        answer = Answer("The documents do not say.", "unanswerable", (), (), Usage(), {})
        work = Work((), SearchTrace(collections=1), answer, Narrowed(name))
        conversations.save(message_id, state="done", text=answer.text, work=work)
        conversations.mark_interrupted()  # What other tests left unanswered.
        self.citewell.gaps.gathering.gather()
        return message_id

    def gap_of(self, answer_id: int) -> int:
        """The gap that this answer left."""
        query = select(gap_questions.c.gap_id).where(gap_questions.c.answer_id == answer_id)
        with self.citewell.gaps.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def stranger(self) -> int:
        """Somebody who signed in once."""
        name = f"stranger {next(NUMBERS)}"
        return self.citewell.accounts.recognise(Claims("https://login", name, name, "", None, None, name)).id

    def key(self, who: str = "anna") -> MadeKey:
        """A new API key of somebody's, for everything; an older one goes, for nobody has more than a few."""
        keys, principal = self.citewell.api_keys, self.people[who]
        for old in keys.mine(principal)[5:]:
            keys.revoke(old.id, principal)
        return keys.create(Wanted("a program", SCOPES), principal)

    def service(self) -> Service:
        """A program that an administrator has made."""
        return self.citewell.api_keys.create_service(f"service {next(NUMBERS)}", Role.MEMBER, LOCAL_USER)

    def group(self) -> int:
        return self.citewell.groups.create(f"group {next(NUMBERS)}", LOCAL_USER)

    def code(self) -> str:
        return self.citewell.accounts.invite(Role.SUPPORT, LOCAL_USER)


@contextmanager
def opened_world(home: Path) -> Iterator[World]:
    """The world in a new home."""
    citewell = open_citewell(Settings(home=new_home(home), sample=False, sign_in="oidc"))
    world = World(citewell)
    roles = {"anna": "A", "bela": "B", "support": None, "editor": None, "admin": None, "disabled": "A", "waiting": "A"}
    for name, group in roles.items():
        groups = (group,) if group else ()
        claims = Claims("https://login.example", name, name, "", groups, _role_of(name), name)
        world.people[name] = citewell.accounts.recognise(claims).principal
    citewell.accounts.set_disabled(world.people["disabled"].person_id or 0, LOCAL_USER, disabled=True)
    world.people["visitor"] = visitor("token")
    ids = {group.name: group.id for group in citewell.groups.list(LOCAL_USER)}
    for name, attribute in (("A", "ours"), ("B", "theirs")):
        collection = citewell.library.create_collection(f"Of {name}")
        citewell.groups.grant(collection.id, (Grant(ids[name], None, may_edit=False),), LOCAL_USER)
        setattr(world, attribute, collection.id)
        world.document(collection.id)
    try:
        yield world
    finally:
        citewell.close()


def _role_of(name: str) -> Role:
    named = {"support": Role.SUPPORT, "editor": Role.EDITOR, "admin": Role.ADMIN, "waiting": Role.WAITING}
    return named.get(name, Role.MEMBER)

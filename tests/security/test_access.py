"""Who may do what to whose: every function that takes a person is tried as eight of them.

A function of these classes without a row here fails the suite, and so does one that takes an id and no person.
"""

import inspect
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from assistant.access import LOCAL_USER, Principal, Role, editable_by, readable_by, scope_of, visitor
from assistant.accounts import Accounts
from assistant.api_keys import ApiKeys
from assistant.api_keys import Wanted as WantedKey
from assistant.attached import AttachedFiles
from assistant.chosen_endpoint import Endpoint
from assistant.claims import Claims
from assistant.configuration import Configuration
from assistant.conversations import Conversations, Work
from assistant.erasure import Erasure
from assistant.errors import AssistantError, ConversationNotFound, NotAllowed
from assistant.evaluation import LabelledQuestion
from assistant.evaluation_runs import Runs
from assistant.events import Answer
from assistant.feedback import Feedback, Opinion
from assistant.gaps.asking_again import AskingAgain
from assistant.gaps.board import Gaps
from assistant.gaps.gathering import proved
from assistant.gaps.values import Proof
from assistant.groups import Grant, Groups
from assistant.holdings import Holdings
from assistant.house_rules import HouseRules
from assistant.insights.choices import QUESTIONS_SHOWN
from assistant.insights.figures import Wanted
from assistant.insights.happened import Happened
from assistant.insights.insights import Insights
from assistant.inspection import inspect as inspect_question
from assistant.models import Models
from assistant.personal_data import PersonalData
from assistant.preferences import Preferences
from assistant.question_sets import QuestionSets
from assistant.real_questions import RealQuestions
from assistant.schema import document_pairs, gap_questions
from assistant.set_evaluation import Evaluated, Outcome
from assistant.snapshots import Snapshots
from assistant.threads import Choices, Threads
from assistant.triage.known import Issue, KnownIssues
from assistant.triage.queue import DecisionRefused, Queue
from assistant.triage.teaching import Teaching
from assistant.triage.values import Ticket
from assistant.usage import Usage
from assistant.verified.store import VerifiedAnswers
from assistant.verified.values import Wording
from retrieval.dates import utc_now
from retrieval.errors import RetrievalError
from tests.assistant.scripted_endpoint import ScriptedEndpoint, reply
from tests.conftest import document
from tests.security.world import NUMBERS, World

Try = Callable[[World, Principal], Any]
ANNA, EDITORS, ADMIN = {"anna"}, {"editor", "admin"}, {"admin"}
SEES_JOBS = EDITORS | {"visitor"}
"""In the demo everybody sees that the sample company is being read."""
DESK = {"support", "editor", "admin", "visitor"}
"""In the demo everybody tries the support desk out."""
READERS = {"anna", "admin", "visitor"}
"""Of what is in the collection of A."""
LAST_DAY = date(2100, 1, 1)
SIGNED_IN = {"anna", "bela", "support", "editor", "admin", "disabled"}
"""Somebody who is shut out has no page to make a key on, and the key would let nobody in."""
EVERYBODY = {"anna", "bela", "support", "editor", "admin", "disabled", "waiting", "visitor"}
"""Of what they themselves have; nothing of anybody else's can be reached by it."""

# Whose try comes to something, for each function: everybody else is refused as if the thing were not there.
ROWS: dict[str, tuple[set[str], Try]] = {
    "Conversations.heading": (ANNA, lambda w, p: w.citewell.conversations.heading(w.conversation(), p)),
    "Conversations.branch": (ANNA, lambda w, p: w.citewell.conversations.branch(w.conversation(), p, newest=40)),
    "Conversations.count": (ANNA, lambda w, p: w.citewell.conversations.count(w.conversation(), p)),
    "Conversations.leaf": (ANNA, lambda w, p: w.citewell.conversations.leaf(w.conversation(), p)),
    "Conversations.newest": (ANNA, lambda w, p: w.citewell.conversations.newest(w.conversation(), p)),
    "Conversations.stop": (ANNA, lambda w, p: w.citewell.conversations.stop(w.conversation(), p) or True),
    "Conversations.messages": (ANNA, lambda w, p: w.citewell.conversations.messages(w.conversation(), p)),
    "Conversations.begin": (ANNA, lambda w, p: w.citewell.conversations.begin(w.conversation(), p, "And koalas?")),
    "Conversations.choose": (
        ANNA,
        lambda w, p: w.citewell.conversations.choose(c := w.conversation(), p, w.question(c)) or c,
    ),
    "Conversations.create": (EVERYBODY, lambda w, p: w.citewell.conversations.create(p)),
    "Conversations.forget": (set(), lambda w, p: _forgets_others(w, p)),
    "Threads.choices": (ANNA, lambda w, p: w.citewell.threads.choices(w.conversation(), p)),
    "Threads.choose": (ANNA, lambda w, p: w.citewell.threads.choose(w.conversation(), p, Choices()) or True),
    "Threads.rename": (ANNA, lambda w, p: w.citewell.threads.rename(w.conversation(), p, "Mine") or True),
    "Threads.pin": (ANNA, lambda w, p: w.citewell.threads.pin(w.conversation(), p) or True),
    "Threads.archive": (ANNA, lambda w, p: w.citewell.threads.archive(w.conversation(), p) or True),
    "Threads.delete": (ANNA, lambda w, p: w.citewell.threads.delete(w.conversation(), p) or True),
    "Threads.restore": (ANNA, lambda w, p: w.citewell.threads.restore(w.deleted(), p) or True),
    "Threads.list": (ANNA, lambda w, p: _of_anna(w, w.citewell.threads.list(p, limit=10_000))),
    "Threads.deleted": (ANNA, lambda w, p: w.deleted() in {t.id for t in w.citewell.threads.deleted(p, limit=10_000)}),
    "Threads.has_put_away": (ANNA, lambda w, p: w.deleted() and w.citewell.threads.has_put_away(p)),
    "Threads.search": (ANNA, lambda w, p: w.conversation() and w.citewell.threads.search(p, "quokkas")),
    "Feedback.give": (ANNA, lambda w, p: w.citewell.feedback.give(w.answer(), p, Opinion(is_helpful=True)) or True),
    "Feedback.withdraw": (ANNA, lambda w, p: _withdraws(w, p)),
    "Feedback.of": (ANNA, lambda w, p: w.citewell.feedback.of([w.liked()], p)),
    "Snapshots.share": (ANNA, lambda w, p: w.citewell.snapshots.share(w.conversation(), p)),
    "Snapshots.list": (ANNA, lambda w, p: _shared_links(w, p)),
    "Snapshots.revoke": (ANNA, lambda w, p: w.citewell.snapshots.revoke(w.shared(), p) or True),
    "AttachedFiles.attach": (ANNA, lambda w, p: w.citewell.attached.attach(w.conversation(), p, [("a.txt", b"Hi.")])),
    "AttachedFiles.files": (ANNA, lambda w, p: w.citewell.attached.files(_with_file(w), p)),
    "AttachedFiles.remove": (ANNA, lambda w, p: _removes_file(w, p)),
    "AttachedFiles.awaited": (
        ANNA,
        lambda w, p: list(w.citewell.attached.awaited(_with_file(w), p, cancelled=_twice())),
    ),
    "AttachedFiles.forget_all_of": (set(), lambda w, p: _forgets_files(w, p)),
    "Holdings.create": (EDITORS, lambda w, p: w.citewell.holdings.create(f"New {next(NUMBERS)}", p)),
    "Holdings.change": (EDITORS, lambda w, p: w.citewell.holdings.change(w.collection(), p, contact="Eve") or True),
    "Holdings.delete": (EDITORS, lambda w, p: w.citewell.holdings.delete(w.collection(), p) or True),
    "Holdings.plan": (ADMIN, lambda w, p: w.citewell.holdings.plan(w.collection(), _folder(w), p)),
    "Holdings.follow": (
        ADMIN,
        lambda w, p: w.citewell.holdings.follow(w.collection(), _folder(w), p, watched=False) or True,
    ),
    "Holdings.unfollow": (ADMIN, lambda w, p: w.citewell.holdings.unfollow(w.collection(), p) or True),
    "Holdings.sync": (EDITORS, lambda w, p: w.citewell.holdings.sync(w.collection(), p) or True),
    "Holdings.read_uploads": (EDITORS, lambda w, p: w.citewell.holdings.read_uploads(w.collection(), [], p) or True),
    "Holdings.read_again": (EDITORS, lambda w, p: w.citewell.holdings.read_again(w.collection(), [], p) or True),
    "Holdings.delete_documents": (
        EDITORS,
        lambda w, p: w.citewell.holdings.delete_documents([w.document(w.collection())], [], p) or True,
    ),
    "Holdings.open_jobs": (
        SEES_JOBS,
        lambda w, p: w.job() in {job.id for job in w.citewell.holdings.open_jobs(["nothing"], p)},
    ),
    "Holdings.last_job": (SEES_JOBS, lambda w, p: _last_job(w, p)),
    "Holdings.job": ({"editor"}, lambda w, p: w.citewell.holdings.job(w.job(), p)),
    "Holdings.cancel": (EDITORS, lambda w, p: _cancels(w, p)),
    "Queue.bring_in": (DESK, lambda w, p: w.citewell.queue.bring_in([_new_ticket()], p).added),
    "Queue.page": (DESK, lambda w, p: _ticket(w) and w.citewell.queue.page(p)),
    "Queue.get": (DESK, lambda w, p: w.citewell.queue.get(_ticket(w), p)),
    "Queue.not_guessed_by": (DESK, lambda w, p: _ticket(w) and w.citewell.queue.not_guessed_by(1, p)),
    "Queue.keep_guesses": (DESK, lambda w, p: w.citewell.queue.keep_guesses([], 1, p) or True),
    "Queue.decide": (DESK, lambda w, p: w.citewell.queue.decide(_ticket(w), {"category": "IT"}, p) or True),
    "Queue.count": (DESK, lambda w, p: _ticket(w) and w.citewell.queue.count(p)),
    "Queue.count_not_guessed_by": (DESK, lambda w, p: _ticket(w) and w.citewell.queue.count_not_guessed_by(1, p)),
    "Queue.take_up": (DESK, lambda w, p: w.citewell.queue.take_up(_ticket(w), p) or True),
    "Queue.assign": (DESK, lambda w, p: w.citewell.queue.assign(_ticket(w), None, p) or True),
    "Queue.tally": (DESK, lambda w, p: _decided(w) and w.citewell.queue.tally("category", p)),
    "Queue.arrivals": (DESK, lambda w, p: _ticket(w) and w.citewell.queue.arrivals(p)),
    "Queue.corrections": (DESK, lambda w, p: _decided(w) and w.citewell.queue.corrections(p)),
    "Queue.agreement": (DESK, lambda w, p: w.citewell.queue.agreement(p) is not None),
    "Queue.counts": (DESK, lambda w, p: _ticket(w) and w.citewell.queue.counts(p)),
    "Teaching.ask_to_train": (EDITORS, lambda w, p: w.citewell.teaching.ask_to_train(p) or True),
    "Teaching.ask_to_guess": (DESK, lambda w, p: w.citewell.teaching.ask_to_guess(p) or True),
    "Teaching.promote": (EDITORS, lambda w, p: w.citewell.teaching.promote(_taught(w), p) or True),
    "Teaching.versions": (DESK, lambda w, p: _taught(w) and w.citewell.teaching.versions(p)),
    "Teaching.number_in_use": (DESK, lambda w, p: _taught(w) and w.citewell.teaching.number_in_use(p)),
    "Teaching.model": (DESK, lambda w, p: w.citewell.teaching.model(_taught(w), p)),
    "Gaps.list": (EDITORS, lambda w, p: w.gap() in {gap.id for gap in w.citewell.gaps.list(p)}),
    "Gaps.get": (EDITORS, lambda w, p: w.citewell.gaps.get(w.gap(), p)),
    "Gaps.nearest": (EDITORS, lambda w, p: w.citewell.gaps.nearest(w.citewell.gaps.get(w.gap(), p), p) == ()),
    "Gaps.proof": ({"anna", "admin", "visitor"}, lambda w, p: w.citewell.gaps.proof(_proof(w), p)),
    "Gaps.job_of": (EDITORS, lambda w, p: _asked_again(w, gap := w.gap()) and w.citewell.gaps.job_of(gap, p)),
    "Gaps.take": (EDITORS, lambda w, p: w.citewell.gaps.take(w.gap(), p) or True),
    "Gaps.set_state": (EDITORS, lambda w, p: w.citewell.gaps.set_state(w.gap(), "written", p) or True),
    "Gaps.ask_again": (EDITORS, lambda w, p: w.citewell.gaps.ask_again(w.gap(), p)),
    "Gaps.look": (EDITORS, lambda w, p: w.conversation() and w.citewell.gaps.look(p)),
    "Gaps.group_anew": (ADMIN, lambda w, p: w.citewell.gaps.group_anew(p) or True),
    "Gaps.show_words": (ADMIN, lambda w, p: w.citewell.gaps.show_words(p, shown=True) or True),
    "Gaps.answers_now": (ANNA, lambda w, p: w.citewell.gaps.answers_now([_answered_now(w)], p)),
    "QuestionSets.list": (
        EDITORS,
        lambda w, p: _question_set(w) in {each.id for each in w.citewell.question_sets.list(p)},
    ),
    "QuestionSets.get": (EDITORS, lambda w, p: w.citewell.question_sets.get(_question_set(w), p)),
    "QuestionSets.create": (
        EDITORS,
        lambda w, p: w.citewell.question_sets.create(w.collection(), f"Set {next(NUMBERS)}", p),
    ),
    "QuestionSets.delete": (EDITORS, lambda w, p: w.citewell.question_sets.delete(_new_set(w), p) or True),
    "QuestionSets.questions": (EDITORS, lambda w, p: w.citewell.question_sets.questions(_question_set(w), p)),
    "QuestionSets.documents": (EDITORS, lambda w, p: w.citewell.question_sets.documents(_question_set(w), p)),
    "QuestionSets.add": (
        EDITORS,
        lambda w, p: w.citewell.question_sets.add(_new_set(w), [LabelledQuestion("And koalas?", False)], p),
    ),
    "QuestionSets.remove": (EDITORS, lambda w, p: _removes_question(w, p)),
    "Runs.start": (EDITORS, lambda w, p: w.citewell.runs.start(_question_set(w), [Configuration()], p)),
    "Runs.generate": (EDITORS, lambda w, p: w.citewell.runs.generate(_question_set(w), 3, p)),
    "Runs.list": (EDITORS, lambda w, p: w.citewell.runs.list(_measured(w)[0], p)),
    "Runs.outcomes": (EDITORS, lambda w, p: w.citewell.runs.outcomes(_measured(w)[1], p)),
    "Runs.compare": (EDITORS, lambda w, p: w.citewell.runs.compare(n := _measured(w)[1], n, p)),
    "Runs.delete": (EDITORS, lambda w, p: w.citewell.runs.delete(_measured(w)[1], p) or True),
    "RealQuestions.own": (
        EDITORS,
        lambda w, p: _asked_something(w, p) and w.citewell.real_questions.own(_question_set(w), p),
    ),
    "Teaching.compare": (DESK, lambda w, p: w.citewell.teaching.compare(_taught(w), p) is None),
    "Accounts.at_desk": (DESK, lambda w, p: w.citewell.accounts.at_desk(p)),
    "VerifiedAnswers.from_answer": (EDITORS, lambda w, p: _verifies_answer(w, p)),
    "VerifiedAnswers.add": (EDITORS, lambda w, p: w.citewell.verified.add(w.with_document(), _wording(), p)),
    "VerifiedAnswers.change": (EDITORS, lambda w, p: w.citewell.verified.change(w.verified(), _wording(), p) or True),
    "VerifiedAnswers.renew": (
        EDITORS,
        lambda w, p: w.citewell.verified.renew(w.verified(), p, expires_on=LAST_DAY) or True,
    ),
    "VerifiedAnswers.withdraw": (EDITORS, lambda w, p: w.citewell.verified.withdraw(w.verified(), p)),
    "VerifiedAnswers.get": (READERS, lambda w, p: w.citewell.verified.get(w.verified(w.ours), p)),
    "VerifiedAnswers.list": (
        READERS,
        lambda w, p: w.verified(w.ours) in {each.id for each in w.citewell.verified.list(p)},
    ),
    "KnownIssues.record": (DESK, lambda w, p: w.citewell.known_issues.record(ISSUE, p)),
    "KnownIssues.change": (DESK, lambda w, p: w.citewell.known_issues.change(_issue(w), ISSUE, p) or True),
    "KnownIssues.get": (DESK, lambda w, p: w.citewell.known_issues.get(_issue(w), p)),
    "KnownIssues.list": (DESK, lambda w, p: _issue(w) and w.citewell.known_issues.list(p)),
    "KnownIssues.about": (DESK, lambda w, p: _issue(w) and w.citewell.known_issues.about(ISSUE.happens, p)),
    "Insights.figures": (EDITORS, lambda w, p: _counted(w) and w.citewell.insights.figures(p) is not None),
    "Insights.turns": (EDITORS, lambda w, p: _counted(w) and w.citewell.insights.turns(p) is not None),
    "Insights.groups": (ADMIN, lambda w, p: w.group() and w.citewell.insights.groups(p)),
    "Insights.health": (EDITORS, lambda w, p: w.citewell.insights.health(p) is not None),
    "Insights.look_ahead": (EDITORS, lambda w, p: w.citewell.insights.look_ahead(p, [], w.citewell.background) or True),
    "Insights.ask_to_compare": (EDITORS, lambda w, p: w.citewell.insights.ask_to_compare(p) or True),
    "Accounts.sign_ins": (ADMIN, lambda w, p: w.citewell.accounts.sign_ins(w.stranger(), p)),
    "Accounts.end_sign_ins": (ADMIN, lambda w, p: w.citewell.accounts.end_sign_ins(w.stranger(), p) or True),
    "Accounts.end_sign_in": (ANNA, lambda w, p: _ends_sign_in(w, p)),
    "Preferences.of": (ANNA, lambda w, p: _prefers_ours(w) and w.citewell.preferences.of(p).collection),
    "Preferences.choose": ({"anna", "admin", "visitor"}, lambda w, p: _prefers(w, p)),
    "HouseRules.change": (ADMIN, lambda w, p: w.citewell.house_rules.change("Be kind.", p)),
    "HouseRules.restore": (ADMIN, lambda w, p: w.citewell.house_rules.restore(_rules(w), p)),
    "Models.state": (ADMIN, lambda w, p: w.citewell.models.state(p)),
    "Models.choose": (ADMIN, lambda w, p: w.citewell.models.choose(Endpoint("http://127.0.0.1:9/v1"), p)),
    "Models.forget_key": (ADMIN, lambda w, p: w.citewell.models.forget_key(p) or True),
    "Models.reset": (ADMIN, lambda w, p: w.citewell.models.reset(p) or True),
    "Models.listed": (ADMIN, lambda w, p: _asks_a_model(lambda e: w.citewell.models.listed(e, p))),
    "Models.try_out": (ADMIN, lambda w, p: _asks_a_model(lambda e: w.citewell.models.try_out(e, p))),
    "Accounts.invite": (ADMIN, lambda w, p: w.citewell.accounts.invite(Role.MEMBER, p)),
    "Accounts.redeem": (set(), lambda w, p: w.citewell.accounts.redeem("no code", p)),
    "Accounts.list": (ADMIN, lambda w, p: w.citewell.accounts.list(p)),
    "Accounts.set_role": (ADMIN, lambda w, p: w.citewell.accounts.set_role(w.stranger(), Role.SUPPORT, p) or True),
    "Accounts.set_disabled": (
        ADMIN,
        lambda w, p: w.citewell.accounts.set_disabled(w.stranger(), p, disabled=True) or True,
    ),
    "Accounts.person": (ADMIN, lambda w, p: w.citewell.accounts.person(w.stranger(), p)),
    "ApiKeys.create": (SIGNED_IN, lambda w, p: w.citewell.api_keys.create(WantedKey("a", ("ask",)), p)),
    "ApiKeys.mine": (ANNA, lambda w, p: w.key().key.id in {key.id for key in w.citewell.api_keys.mine(p)}),
    "ApiKeys.revoke": (ANNA | ADMIN, lambda w, p: w.citewell.api_keys.revoke(w.key().key.id, p)),
    "ApiKeys.all": (ADMIN, lambda w, p: w.citewell.api_keys.all(p) is not None),
    "ApiKeys.services": (ADMIN, lambda w, p: w.service() and w.citewell.api_keys.services(p)),
    "ApiKeys.create_service": (
        ADMIN,
        lambda w, p: w.citewell.api_keys.create_service(f"S {next(NUMBERS)}", Role.MEMBER, p),
    ),
    "ApiKeys.create_for_service": (
        ADMIN,
        lambda w, p: w.citewell.api_keys.create_for_service(w.service().id, WantedKey("a", ("ask",)), p),
    ),
    "PersonalData.export": (
        ANNA | ADMIN,
        lambda w, p: w.citewell.personal_data.export(w.people["anna"].person_id, p, io.BytesIO()),
    ),
    "Erasure.begin": (ADMIN, lambda w, p: w.citewell.erasure.begin(w.stranger(), p)),
    "Groups.list": (ADMIN, lambda w, p: w.citewell.groups.list(p)),
    "Groups.create": (ADMIN, lambda w, p: w.citewell.groups.create(f"G {next(NUMBERS)}", p)),
    "Groups.rename": (ADMIN, lambda w, p: w.citewell.groups.rename(w.group(), f"R {next(NUMBERS)}", p) or True),
    "Groups.delete": (ADMIN, lambda w, p: w.citewell.groups.delete(w.group(), p) or True),
    "Groups.of_person": (ADMIN, lambda w, p: w.citewell.groups.of_person(w.people["anna"].person_id or 0, p)),
    "Groups.put_in": (ADMIN, lambda w, p: w.citewell.groups.put_in(w.stranger(), frozenset(), p) or True),
    "Groups.grants": (ADMIN, lambda w, p: w.citewell.groups.grants(w.ours, p)),
    "Groups.grant": (ADMIN, lambda w, p: w.citewell.groups.grant(w.collection(), (), p) or True),
}
CLASSES: tuple[type, ...] = (Conversations, Threads, Feedback, Snapshots, AttachedFiles, Holdings, Accounts, Groups)
CLASSES += (Preferences, HouseRules, Models, PersonalData, Erasure, Queue, Teaching, Gaps, AskingAgain)
CLASSES += (QuestionSets, Runs, RealQuestions)
CLASSES += (VerifiedAnswers, KnownIssues, Insights, ApiKeys)
# What takes an id and no person, and who alone calls it.
INTERNAL = {
    "Conversations.save": "the thread that writes an answer that `begin` gave its id",
    "Conversations.hold": "the thread that writes an answer",
    "Conversations.let_go": "the thread that has written an answer",
    "Conversations.is_stop_asked": "the thread that writes an answer",
    "Conversations.follow_up": "the thread that looks for follow-ups of an answer it has written",
    "Conversations.times_cited": "counts citations of documents that the caller may read",
    "Conversations.spans_cited": "marks what was quoted in a document that the caller may read",
    "Conversations.in_use": "the worker's sweep of files",
    "Gaps.documents_came": "the worker, once it has read documents in",
    "AskingAgain.of_gaps": "the job that `Gaps.ask_again` has added",
    "AskingAgain.of_collection": "the job that `Gaps.documents_came` has added",
    "AttachedFiles.forget": "the purge of conversations",
    "Snapshots.open": "whoever has the link; what they see is cut to their scope",
    "VerifiedAnswers.standing": "marks answers that the caller may read, within the caller's scope",
    "Runs.keep": "the job that `start` has added",
    "Erasure.erase": "the job that `begin` has added",
    "Erasure.under_way": "a page of administrators, and `begin`",
    "ApiKeys.still_lets_in": "an answer under way for a key that was recognised",
    "Accounts.leave": "the sign-in itself",
    "Accounts.recognise": "the sign-in itself",
}
"""Ids in these never come from a browser without a scope beside them."""


ISSUE = Issue("Printers burn", "Every printer on the third floor is on fire.")


def _wording() -> Wording:
    return Wording(("Where do quokkas sleep?",), LAST_DAY, "Quokkas sleep in trees.")


def _issue(world: World) -> int:
    return world.citewell.known_issues.record(ISSUE, LOCAL_USER)


def _verifies_answer(world: World, who: Principal) -> int:
    """Whether they can vouch for an answer of a conversation of their own, in a collection of the editor's."""
    collection_id, conversations = world.with_document(), world.citewell.conversations
    conversation_id = conversations.create(who)
    turn = world.citewell.assistant.answer("Where do quokkas sleep?", scope=frozenset({collection_id}))
    found, *_, last = list(turn)
    message_id = conversations.begin(conversation_id, who, "Where do quokkas sleep?")
    work = Work(found.passages, answer=last.answer)  # type: ignore[union-attr]
    conversations.save(message_id, state="done", text=last.answer.text, work=work)  # type: ignore[union-attr]
    wording = replace(_wording(), text=None)
    return world.citewell.verified.from_answer(
        conversation_id, message_id, who, collection_id=collection_id, wording=wording
    )


def _counted(world: World, *, about: str | None = None, words: str = "") -> bool:
    """Something was asked by Anna, about a collection that only the editor may change where no other is named."""
    recorder, anna = world.citewell.recorder, world.people["anna"]
    recorder.record(Happened("turn", anna.key, "refused", frozenset({about or world.collection()}), words=words))
    recorder.flush()
    world.citewell.insights.frames.since(None, at_once=True)
    return True


def test_figures_turns_and_documents_are_of_the_collections_that_somebody_may_change(world: World) -> None:
    insights, editor, admin = world.citewell.insights, world.people["editor"], world.people["admin"]
    before = insights.figures(editor).total.questions
    _counted(world, about=world.ours)
    assert insights.figures(editor).total.questions == before
    assert world.ours not in {id_ for id_, _ in insights.figures(editor).by_collection}
    assert world.ours in {id_ for id_, _ in insights.figures(admin).by_collection}
    assert insights.figures(editor).by_group == ()
    assert insights.figures(admin).by_group
    assert not {one.collection_id for one in insights.health(editor)} & {world.ours, world.theirs}
    assert all(world.ours not in one.collections for one in insights.turns(editor))


def test_words_of_others_are_read_where_that_was_chosen_and_everything_they_are_about_is_open(world: World) -> None:
    insights, editor, admin = world.citewell.insights, world.people["editor"], world.people["admin"]
    both = world.collection()
    _counted(world, about=both, words="Why are quokkas kind?")
    recorder, anna = world.citewell.recorder, world.people["anna"]
    about = frozenset({both, world.ours})
    recorder.record(Happened("turn", anna.key, "failed", about, words="And secret?"))
    recorder.record(Happened("turn", editor.key, "stopped", about, words="My own?"))
    recorder.flush()
    insights.frames.since(None, at_once=True)
    wanted = Wanted(collection=both)

    def read(who: Principal) -> set[str]:
        return {one.question for one in insights.turns(who, wanted)}

    assert (read(editor), read(admin)) == ({"", "My own?"}, {""})
    world.citewell.chosen.set(QUESTIONS_SHOWN, value=True)
    try:
        assert read(editor) == {"Why are quokkas kind?", "", "My own?"}
        assert read(admin) == {"Why are quokkas kind?", "And secret?", "My own?"}
    finally:
        world.citewell.chosen.set(QUESTIONS_SHOWN, None)


def test_documents_that_are_alike_are_shown_where_both_may_be_changed(world: World) -> None:
    insights, own = world.citewell.insights, world.collection()
    mine, (theirs,) = (
        world.document(own),
        [e.id for e in world.citewell.catalogue.documents(frozenset({world.ours}))][:1],
    )
    pair = {"kind": "copy", "one_id": mine, "other_id": theirs, "one_says": "a", "other_says": "b", "likeness": 1.0}
    turned = pair | {"one_id": theirs, "other_id": mine}
    with insights.engine.begin() as connection:
        connection.execute(delete(document_pairs))
        connection.execute(insert(document_pairs), [pair, turned])
    shown = {who: [d.pairs for d in insights.health(world.people[who]) if d.id == mine] for who in ("editor", "admin")}
    assert shown["editor"] == [()]
    assert len(shown["admin"][0]) == 2


def _new_ticket() -> Ticket:
    return Ticket(f"The printer is on fire, {next(NUMBERS)}")


def _ticket(world: World) -> int:
    """A new ticket of the support desk."""
    world.citewell.queue.bring_in([_new_ticket()], LOCAL_USER)
    return world.citewell.queue.page(LOCAL_USER, limit=100_000)[-1].id


def _decided(world: World) -> int:
    ticket_id = _ticket(world)
    world.citewell.queue.decide(ticket_id, {"category": "IT"}, LOCAL_USER)
    return ticket_id


KEPT = "Kept for every try"


def _new_set(world: World, name: str = "", *, collection_id: str | None = None) -> int:
    """A set of one question about a collection that only the editor may change."""
    sets = world.citewell.question_sets
    set_id = sets.create(collection_id or world.collection(), name or f"Set {next(NUMBERS)}", LOCAL_USER)
    sets.add(set_id, [LabelledQuestion("Where do quokkas sleep?", True, ("trees",))], LOCAL_USER)
    return set_id


def _question_set(world: World) -> int:
    """Such a set, whose collection has a document; the same each time."""
    known = [each.id for each in world.citewell.question_sets.list(LOCAL_USER) if each.name == KEPT]
    if known:
        return known[0]
    collection_id = world.collection()
    world.document(collection_id)
    return _new_set(world, KEPT, collection_id=collection_id)


def _removes_question(world: World, who: Principal) -> bool:
    sets, set_id = world.citewell.question_sets, _new_set(world)
    sets.remove(set_id, [each.id for each in sets.questions(set_id, LOCAL_USER)], who)
    return not sets.questions(set_id, LOCAL_USER)


def _measured(world: World) -> tuple[int, int]:
    """A set with a run of it."""
    set_id = _question_set(world)
    kept = world.citewell.question_sets.questions(set_id, LOCAL_USER)
    outcomes = {str(each.id): Outcome(0.5, True, True, (), ("In trees.",), {"right": 1.0}) for each in kept}
    run_id = world.citewell.runs.keep(set_id, Configuration(), Evaluated(outcomes, {"right": 1.0}, {}))
    return set_id, run_id


def _asked_something(world: World, who: Principal) -> str:
    """A conversation of theirs in which the documents did not say."""
    conversations, text = world.citewell.conversations, f"Who cooks, {next(NUMBERS)}?"
    answer = Answer("They do not say.", "unanswerable", (), (), Usage(), {})
    message_id = conversations.begin(conversations.create(who), who, text)
    conversations.save(message_id, state="done", text=answer.text, work=Work(answer=answer))
    return text


def _taught(world: World) -> int:
    """A model of tickets."""
    teaching = world.citewell.teaching
    used = teaching.number_in_use(LOCAL_USER)
    tickets = [Ticket(f"{thing} {n}", labels={"category": thing}) for thing in ("printer", "holiday") for n in range(4)]
    return used or teaching.train(tickets).number


def _proof(world: World) -> Proof:
    """In a document of Anna's group."""
    return Proof(world.document(world.ours), 0, 7, utc_now())


def _asked_again(world: World, gap_id: int) -> int:
    """The job that asks the questions of a gap again."""
    return world.citewell.gaps.ask_again(gap_id, LOCAL_USER)


def _answered_now(world: World) -> int:
    """An answer to Anna that left something open, which a document of her group says by now."""
    answer_id, engine = world.unanswered(f"Where do {next(NUMBERS)} quokkas swim?"), world.citewell.gaps.engine
    with engine.connect() as connection:
        question = select(gap_questions.c.question_id).where(gap_questions.c.answer_id == answer_id)
        question_id = int(connection.execute(question).scalar_one())
    proved(engine, [question_id], world.document(world.ours), 0, 7)
    return answer_id


def _of_anna(world: World, threads: Any) -> bool:
    return world.conversation() in {
        t.id for t in world.citewell.threads.list(world.people["anna"], limit=10_000)
    } and bool(
        {t.id for t in threads} & {t.id for t in world.citewell.threads.list(world.people["anna"], limit=10_000)}
    )


def _forgets_others(world: World, who: Principal) -> bool:
    """Whether forgetting one's own conversations takes one of Anna's with it."""
    conversation_id = world.conversation()
    world.citewell.conversations.forget(who if who != world.people["anna"] else visitor("x"))
    try:
        return world.citewell.conversations.count(conversation_id, world.people["anna"]) == 0
    except ConversationNotFound:
        return True


def _ends_sign_in(world: World, who: Principal) -> bool:
    """Whether this person can end a sign-in of Anna's."""
    anna, key = world.people["anna"], f"sign-in {next(NUMBERS)}"
    person = world.citewell.accounts.recognise(Claims(anna.issuer, anna.subject, "anna", "", None, None, key))
    world.citewell.accounts.end_sign_in(key, who)
    return key not in {each.key for each in world.citewell.accounts.sign_ins(person.id, anna)}


def _prefers_ours(world: World) -> bool:
    """Anna's new conversations search her collection; nobody else's do."""
    for who in world.people.values():
        world.citewell.preferences.choose(who, style=None, collection_id=None)
    world.citewell.preferences.choose(world.people["anna"], style=None, collection_id=world.ours)
    return True


def _prefers(world: World, who: Principal) -> bool:
    """Whether a collection that only Anna's group may read can be chosen."""
    world.citewell.preferences.choose(who, style="short", collection_id=world.ours)
    return world.citewell.preferences.of(who).collection is not None


def _rules(world: World) -> int:
    """A version that was in force."""
    return world.citewell.house_rules.change("Name the form.", LOCAL_USER).id


def _asks_a_model(ask: Callable[[Endpoint], Any]) -> Any:
    """What comes of asking; for whoever may not, nobody is asked anything."""
    with ScriptedEndpoint([reply("Hello.")]) as endpoint:
        try:
            return ask(Endpoint(endpoint.url))
        except NotAllowed:
            assert endpoint.requests == []
            raise


def _forgets_files(world: World, who: Principal) -> bool:
    conversation_id = _with_file(world)
    world.citewell.attached.forget_all_of(who if who != world.people["anna"] else visitor("x"))
    return not world.citewell.library.private(world.people["anna"].key, conversation_id=conversation_id)


def _withdraws(world: World, who: Principal) -> bool:
    answer = world.liked()
    world.citewell.feedback.withdraw(answer, who)
    return not world.citewell.feedback.of([answer], world.people["anna"])


def _shared_links(world: World, who: Principal) -> Any:
    conversation_id = world.conversation()
    world.citewell.snapshots.share(conversation_id, world.people["anna"])
    return world.citewell.snapshots.list(conversation_id, who)


def _with_file(world: World) -> str:
    conversation_id = world.conversation()
    world.citewell.attached.attach(conversation_id, world.people["anna"], [("a.txt", b"Quokkas.")])
    return conversation_id


def _removes_file(world: World, who: Principal) -> bool:
    conversation_id = _with_file(world)
    world.citewell.attached.remove(conversation_id, who, "a.txt")
    return not world.citewell.attached.files(conversation_id, world.people["anna"])


def _twice() -> Callable[[], bool]:
    """Says no, then yes."""
    calls = count()
    return lambda: next(calls) > 0


def _folder(world: World) -> Path:
    folder = world.citewell.home.path / "folder"
    folder.mkdir(exist_ok=True)
    return folder


def _last_job(world: World, who: Principal) -> Any:
    job_id = world.job()
    world.citewell.jobs.finish(job_id, {})
    last = world.citewell.holdings.last_job(["nothing"], who)
    return last is not None and last.id == job_id


def _cancels(world: World, who: Principal) -> bool:
    job_id = world.job()
    world.citewell.holdings.cancel(job_id, who)
    return world.citewell.jobs.is_cancelled(job_id)


@pytest.mark.threat("T1", count=8)
@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_function_comes_to_something_for_whom_it_may_and_for_nobody_else(world: World, name: str) -> None:
    allowed, attempt = ROWS[name]
    came_to_something = set()
    for who, principal in world.people.items():
        with suppress(AssistantError, RetrievalError):
            if attempt(world, principal):
                came_to_something.add(who)
    assert came_to_something == allowed


def _functions() -> Iterator[tuple[str, list[str]]]:
    for owner in CLASSES:
        for name, function in inspect.getmembers(owner, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{owner.__name__}.{name}", list(inspect.signature(function).parameters)


def test_every_function_that_takes_a_person_has_a_row() -> None:
    assert {name for name, parameters in _functions() if "principal" in parameters} == set(ROWS)


def test_every_function_that_takes_an_id_takes_a_person_or_says_who_alone_calls_it() -> None:
    takes_an_id = {
        name
        for name, parameters in _functions()
        if "principal" not in parameters
        and any(p.endswith(("_id", "_ids")) or p in {"ids", "key", "claims"} for p in parameters)
    }
    assert takes_an_id == set(INTERNAL)


def test_a_ticket_is_given_only_to_whoever_works_at_the_desk_and_is_let_in(world: World) -> None:
    accounts, queue, support, name = world.citewell.accounts, world.citewell.queue, world.people["support"], "at desk"
    claims = Claims(
        "https://login.example", f"{name} {next(NUMBERS)}", name, "", None, Role.SUPPORT, f"{next(NUMBERS)}"
    )
    person, ticket_id = accounts.recognise(claims), _ticket(world)
    assert person.id in {each.id for each in accounts.at_desk(support)}
    queue.assign(ticket_id, person.principal.key, support)
    accounts.set_disabled(person.id, LOCAL_USER, disabled=True)
    assert person.id not in {each.id for each in accounts.at_desk(support)}
    for key in (person.principal.key, world.people["anna"].key):
        with pytest.raises(DecisionRefused):
            queue.assign(ticket_id, key, support)
    assert queue.get(ticket_id, support).assignee == person.principal.key
    queue.assign(ticket_id, None, support)
    queue.assign(ticket_id, LOCAL_USER.key, LOCAL_USER)
    assert queue.get(ticket_id, support).assignee == LOCAL_USER.key


# The inspector, and what a set is made of.


@pytest.mark.threat("T2", count=8)
def test_a_question_is_looked_into_by_editors_and_administrators_within_what_they_may_read(world: World) -> None:
    shown, said = {}, document("Zebrafinches nest in belfries.", title="Zebrafinches")
    world.citewell.intake.add_parsed(world.ours, [(f"zebrafinches {next(NUMBERS)}", said)])
    for who, principal in world.people.items():
        with suppress(AssistantError):
            found = inspect_question(world.citewell, "Where do zebrafinches nest?", Configuration(), principal)
            shown[who] = {passage.source.collection for passage in found.work.passages}
    assert set(shown) == EDITORS
    assert shown["editor"] & {world.ours, world.theirs} == set()
    assert world.ours in shown["admin"]


@pytest.mark.threat("T1")
def test_questions_for_a_set_are_taken_from_one_s_own_conversations_alone(world: World) -> None:
    of_anna, own = (_asked_something(world, world.people[who]) for who in ("anna", "editor"))
    found = {each.text for each in world.citewell.real_questions.own(_question_set(world), world.people["editor"])}
    assert own in found
    assert of_anna not in found


# Scopes.


@pytest.mark.threat("T2", count=8)
def test_each_person_reads_what_is_open_to_them_and_nothing_else(world: World) -> None:
    every = frozenset(collection.id for collection in world.citewell.library.collections())
    readable = {
        who: scope_of(person, world.citewell.library) & {world.ours, world.theirs}
        for who, person in world.people.items()
    }
    assert readable["anna"] == {world.ours}
    assert readable["bela"] == {world.theirs}
    assert readable["admin"] == readable["visitor"] == {world.ours, world.theirs}
    assert readable["support"] == readable["disabled"] == readable["waiting"] == frozenset()
    assert scope_of(LOCAL_USER, world.citewell.library) == every


def test_a_principal_that_says_more_of_itself_than_the_database_does_gains_nothing_of_a_disabled_one(
    world: World,
) -> None:
    forged = replace(world.people["disabled"], role=Role.EDITOR)
    assert scope_of(forged, world.citewell.library) == editable_by(forged, world.citewell.library) == frozenset()


@pytest.mark.threat("T6")
def test_an_empty_scope_finds_nothing_and_asks_no_index(world: World) -> None:
    scope = readable_by(world.people["waiting"], world.citewell.library)
    found = world.citewell.search.passages("Where do quokkas sleep?", scope=scope)
    assert scope == frozenset()
    assert found.passages == ()
    assert not found.trace.candidates


def test_a_collection_named_by_somebody_who_may_not_read_it_looks_as_if_it_were_not_there(world: World) -> None:
    said = []
    for name in ("Of B", "Of nobody"):
        with pytest.raises(RetrievalError) as refused:
            scope_of(world.people["anna"], world.citewell.library, collection=name)
        said.append(refused.value.hint.replace(name, "…"))
    assert said[0] == said[1]
    assert "Of A" in said[0]


@pytest.mark.threat("T4", count=4)
def test_a_grant_that_is_taken_back_and_a_group_that_is_left_end_at_once(world: World) -> None:
    library, groups, bela = world.citewell.library, world.citewell.groups, world.people["bela"]
    made = world.collection()
    group = world.group()
    groups.grant(made, (Grant(group, None, may_edit=False),), LOCAL_USER)
    before = groups.of_person(bela.person_id or 0, LOCAL_USER)
    groups.put_in(bela.person_id or 0, before | {group}, LOCAL_USER)
    assert made in scope_of(bela, library)
    groups.put_in(bela.person_id or 0, before, LOCAL_USER)
    assert made not in scope_of(bela, library)
    groups.grant(made, (Grant(None, bela.person_id, may_edit=False),), LOCAL_USER)
    assert made in scope_of(bela, library)
    groups.grant(made, (), LOCAL_USER)
    assert made not in scope_of(bela, library)

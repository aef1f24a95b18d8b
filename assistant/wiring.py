"""Which part is which: from settings, a home and a database to everything that works on them.

Each part is made when it is first asked for. Where two ways exist, for one process or for several that share a
database, the parts that differ are chosen here, and what uses them does not ask.
"""

import threading
from functools import cached_property, partial
from pathlib import Path

from sqlalchemy import Engine

from assistant.accounts import Accounts, Person
from assistant.api_keys import ApiKeys
from assistant.attached import AttachedFiles
from assistant.audit import Action, Audit
from assistant.background import Background
from assistant.choices import Chosen
from assistant.connecting import asked_of, connected, embedder_of, reranker_of
from assistant.conversations import Conversations
from assistant.erasure import Erasure
from assistant.evaluation_runs import Runs
from assistant.feedback import Feedback
from assistant.gaps.asking_again import AskingAgain
from assistant.gaps.board import Gaps
from assistant.gaps.gathering import Gathering
from assistant.groups import Groups
from assistant.holdings import Holdings
from assistant.home import Home, cache_of
from assistant.house_rules import HouseRules
from assistant.insights.frame import Frames
from assistant.insights.insights import Insights
from assistant.insights.recorder import Recorder
from assistant.inventory import Inventory
from assistant.job_table import JobTable
from assistant.limits import Limits
from assistant.logs import log_event, pseudonym
from assistant.models import Models
from assistant.personal_data import PersonalData
from assistant.preferences import Preferences
from assistant.processes import Kind, Processes
from assistant.proxy_token import ProxyTokens
from assistant.question_sets import QuestionSets
from assistant.real_questions import RealQuestions
from assistant.retention import Retention
from assistant.settings import Settings
from assistant.snapshots import Snapshots
from assistant.sweeping import Sweeping
from assistant.threads import Threads
from assistant.triage.known import KnownIssues
from assistant.triage.queue import Queue
from assistant.triage.registry import Registry, open_registry
from assistant.triage.teaching import Teaching
from assistant.turn import Assistant
from assistant.verified.store import VerifiedAnswers
from assistant.watch_problems import WatchProblems
from retrieval.catalogue import Catalogue
from retrieval.embedding import Embedder
from retrieval.errors import EmbeddingError, WeightsError
from retrieval.follower import Changing, ChunkIndex, Follower, Onlooker, SharedFollower, own_follower
from retrieval.following import FollowingOthers
from retrieval.indexes import Following, Indexes
from retrieval.intake import Intake
from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.marks import SharedMarks, SharedTurns
from retrieval.mentions import Mentions
from retrieval.originals import Originals
from retrieval.page_images import PageImages
from retrieval.rerank import HttpReranker
from retrieval.retriever import CitewellRetriever
from retrieval.search import Search
from retrieval.vectors import ChromaIndex, SharedVectorIndex, VectorIndex


class Wiring:
    """The parts by their names; those that `Citewell` has are called as there."""

    def __init__(self, settings: Settings, home: Home, engine: Engine, kind: Kind) -> None:
        self.given = settings
        self.home = home
        self.engine = engine
        self.kind = kind

    @cached_property
    def settings(self) -> Settings:
        """The settings with the home that is really used, which a demonstration chooses itself."""
        return self.given.model_copy(update={"home": self.home.path})

    @cached_property
    def background(self) -> Background:
        return Background()

    @cached_property
    def wake(self) -> threading.Event:
        return threading.Event()

    # Documents: in, kept, searched.

    @cached_property
    def library(self) -> Library:
        return Library(self.engine)

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.engine)

    @cached_property
    def originals(self) -> Originals:
        return Originals(self.home.originals)

    @cached_property
    def page_images(self) -> PageImages:
        return PageImages(self.catalogue, self.originals)

    @cached_property
    def _embedding(self) -> tuple[Embedder | None, str | None]:
        try:
            return embedder_of(self.settings, self.home.cache), None
        except (WeightsError, EmbeddingError) as error:
            return None, f"{error.hint} Until then, search goes by words alone."

    @property
    def embedder(self) -> Embedder | None:
        return self._embedding[0]

    @property
    def notice(self) -> str | None:
        return self._embedding[1]

    @cached_property
    def indexes(self) -> Indexes:
        home, background = self.home, self.background
        lexical = LexicalIndex(home.indexes / "lexical")
        dense, stopping = self._vectors(), background.stopping
        return Indexes(lexical, dense, self.library, home.indexes, stopping, background.start, self._following)

    def _vectors(self) -> ChromaIndex | None:
        embedder, server = self.embedder, self.settings.chroma_url
        if embedder is None:
            return None
        model, dimension = embedder.name, embedder.dimension
        if server is not None:
            return SharedVectorIndex(server, model=model, dimension=dimension)
        return VectorIndex(self.home.indexes / "dense", model=model, dimension=dimension)

    @property
    def _following(self) -> Following:
        if self.settings.database_url is None:
            return own_follower
        return partial(_shared_follower, self.engine, SharedFollower if self.kind == "worker" else Onlooker)

    @cached_property
    def following(self) -> FollowingOthers | None:
        """What looks after the writing of other processes, where there are others."""
        if self.settings.database_url is None:
            return None
        return FollowingOthers(self.library, self.indexes)

    @cached_property
    def reranker(self) -> HttpReranker | None:
        return reranker_of(self.settings)

    @cached_property
    def search(self) -> Search:
        return Search(self.library, self.indexes, self.embedder, asked_of(self.reranker, self.settings))

    @cached_property
    def retriever(self) -> CitewellRetriever:
        return CitewellRetriever(engine=self.search, catalogue=self.catalogue, limit=self.settings.passages)

    @cached_property
    def intake(self) -> Intake:
        return Intake(self.library, self.indexes, self.embedder, self.originals)

    @cached_property
    def holdings(self) -> Holdings:
        return Holdings(self.engine, self.library, self.catalogue, self.intake, self.jobs, self.wake)

    @cached_property
    def jobs(self) -> JobTable:
        return JobTable(self.engine, self.processes.id)

    # This process among others.

    @cached_property
    def processes(self) -> Processes:
        return Processes(self.engine, is_alone=self.settings.database_url is None)

    @cached_property
    def sweeping(self) -> Sweeping:
        return Sweeping(self.processes, self.conversations, self.jobs, self.limits)

    @cached_property
    def watch_problems(self) -> WatchProblems:
        return WatchProblems(self.chosen)

    # People, what they may, and what is kept of them.

    @cached_property
    def chosen(self) -> Chosen:
        return Chosen(self.engine)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.engine)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.engine, self.settings.admits, on_sign_in=partial(_tell_of_sign_in, self.audit))

    @cached_property
    def groups(self) -> Groups:
        return Groups(self.engine)

    @cached_property
    def proxy_tokens(self) -> ProxyTokens | None:
        return proxy_tokens_of(self.settings)

    @cached_property
    def api_keys(self) -> ApiKeys:
        settings = self.settings
        return ApiKeys(self.engine, is_open=settings.sign_in == "none" and not settings.demo)

    @cached_property
    def preferences(self) -> Preferences:
        return Preferences(self.chosen, self.library)

    @cached_property
    def limits(self) -> Limits:
        return Limits(
            self.engine,
            self.settings.limits,
            monthly_budget=self.settings.monthly_budget,
            currency=lambda: self.models.lineup.settings.currency,
            process_id=self.processes.id,
        )

    @cached_property
    def personal_data(self) -> PersonalData:
        return PersonalData(
            self.engine, self.accounts, self.library, self.catalogue, self.originals, self.snapshots, self.jobs
        )

    @cached_property
    def erasure(self) -> Erasure:
        return Erasure(self.engine, self.accounts, self.jobs, self.wake)

    @cached_property
    def retention(self) -> Retention:
        return Retention(
            self.engine,
            self.chosen,
            self.accounts,
            self.threads,
            self.limits,
            self.jobs,
            self.audit,
            self.question_sets,
            self.api_keys,
        )

    # Conversations and answers.

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.engine, self.processes.id)

    @cached_property
    def snapshots(self) -> Snapshots:
        return Snapshots(self.engine, self.conversations, self.catalogue)

    @cached_property
    def attached(self) -> AttachedFiles:
        return AttachedFiles(self.library, self.catalogue, self.originals, self.conversations, self.jobs, self.limits)

    @cached_property
    def threads(self) -> Threads:
        return Threads(self.engine, forget_files=self.attached.forget)

    @cached_property
    def recorder(self) -> Recorder:
        return Recorder(self.engine, self.chosen)

    @cached_property
    def feedback(self) -> Feedback:
        return Feedback(self.engine, record=self.recorder.record)

    @cached_property
    def models(self) -> Models:
        return Models(self.settings, self.chosen, connect=connected)

    @cached_property
    def house_rules(self) -> HouseRules:
        return HouseRules(self.engine)

    @cached_property
    def verified(self) -> VerifiedAnswers:
        return VerifiedAnswers(self.engine, self.library, self.conversations, self.retriever, self.embedder)

    @cached_property
    def answering(self) -> Assistant:
        inventory = Inventory(self.catalogue, Mentions(self.library, self.indexes.lexical), self.search)
        return Assistant(
            self.library,
            self.retriever,
            self.conversations,
            self.embedder,
            None,
            self.settings.reply_tokens,
            inventory=inventory,
            house_rules=self.house_rules,
            has_judge=self.settings.judge,
            background=self.background,
            attached=self.attached,
            limits=self.limits,
            verified=self.verified,
            record=self.recorder.record,
        )

    # What is learnt from questions and tickets.

    @cached_property
    def gaps(self) -> Gaps:
        gathering = Gathering(self.engine, self.library, self.catalogue, self.chosen, self.embedder)
        asking = AskingAgain(self.engine, self.conversations)
        countries = self.settings.phone_countries
        return Gaps(
            self.engine,
            self.library,
            self.catalogue,
            gathering,
            asking,
            self.jobs,
            self.wake,
            self.chosen,
            countries,
        )

    @cached_property
    def question_sets(self) -> QuestionSets:
        return QuestionSets(self.engine, self.library, self.catalogue)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.engine, self.question_sets, self.jobs, self.wake)

    @cached_property
    def real_questions(self) -> RealQuestions:
        return RealQuestions(self.engine, self.question_sets, self.library, self.catalogue)

    @cached_property
    def queue(self) -> Queue:
        return Queue(self.engine)

    @cached_property
    def registry(self) -> Registry:
        """Where triage models are."""
        return open_registry(self.settings)

    @cached_property
    def teaching(self) -> Teaching:
        cache, lessons = self.home.cache, cache_of(self.home.files) / "lessons"
        return Teaching(
            self.queue, self.registry, self.jobs, self.wake, embedder=self.embedder, cache=cache, lessons=lessons
        )

    @cached_property
    def known_issues(self) -> KnownIssues:
        return KnownIssues(self.engine, self.embedder)

    @cached_property
    def insights(self) -> Insights:
        return Insights(self.engine, self.library, self.chosen, self.jobs, self.wake, Frames(self.engine))


def proxy_tokens_of(settings: Settings) -> ProxyTokens | None:
    """What checks the tokens of the identity proxy that the settings name, None where there is none."""
    if settings.sign_in != "proxy" or settings.proxy_jwks_url is None:
        return None
    return ProxyTokens(settings.proxy_jwks_url, settings.proxy_issuer, settings.proxy_audience, settings.proxy_header)


def _tell_of_sign_in(audit: Audit, person: Person, address: str) -> None:
    audit.record(person.principal, Action.SIGNED_IN, address=address, role=person.role.value)
    log_event("signed_in", person=pseudonym(person.principal), role=person.role.value)


def _shared_follower(
    engine: Engine,
    of_kind: type[Follower],
    index: ChunkIndex,
    library: Library,
    directory: Path,
    stopping: threading.Event,
    changing: Changing,
) -> Follower:
    marks, turns = SharedMarks(engine, index.name), SharedTurns(engine, index.name)
    return of_kind(index, library, stopping, marks=marks, turns=turns, directory=directory, changing=changing)

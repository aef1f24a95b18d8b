"""The composition root: from settings to a running Citewell. `assistant/wiring.py` says which part is which."""

import tempfile
import threading
from contextlib import ExitStack
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from assistant.access import LOCAL_USER, Principal, scope_of
from assistant.accounts import Accounts
from assistant.api_keys import ApiKeys
from assistant.attached import AttachedFiles
from assistant.audit import Audit
from assistant.background import Background
from assistant.choices import Chosen
from assistant.conversations import Conversations
from assistant.erasure import Erasure
from assistant.evaluation_runs import Runs
from assistant.feedback import Feedback
from assistant.gaps.board import Gaps
from assistant.groups import Groups
from assistant.holdings import Holdings
from assistant.home import Home, database_of, files_of, home_of, originals_of
from assistant.house_rules import HouseRules
from assistant.insights.insights import Insights
from assistant.insights.recorder import Recorder
from assistant.job_table import JobTable
from assistant.jobs import JOBS
from assistant.limits import Limits
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
from assistant.triage.teaching import Teaching
from assistant.turn import Assistant
from assistant.verified.store import VerifiedAnswers
from assistant.watch_problems import WatchProblems
from assistant.wiring import Wiring
from retrieval.catalogue import Catalogue
from retrieval.database import open_database
from retrieval.embedding import Embedder
from retrieval.filters import NO_FILTERS, Filters
from retrieval.following import FollowingOthers
from retrieval.indexes import Indexes
from retrieval.intake import Intake
from retrieval.library import Library
from retrieval.originals import Originals
from retrieval.page_images import PageImages
from retrieval.rerank import HttpReranker
from retrieval.retriever import CitewellRetriever
from retrieval.search import Search

SAMPLE_COLLECTION = "Sample company"
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
_STOP_ANSWERS_S = 15.0
_UNFINISHED_S = 3_600.0
"""So long no process writes a file without touching it."""


@dataclass(frozen=True, slots=True)
class Citewell:
    """An open home with everything that works on it. Close it when done."""

    settings: Settings
    home: Home
    library: Library
    catalogue: Catalogue
    originals: Originals
    page_images: PageImages
    intake: Intake
    indexes: Indexes
    search: Search
    retriever: CitewellRetriever
    conversations: Conversations
    threads: Threads
    jobs: JobTable
    attached: AttachedFiles
    answering: Assistant
    """What answers, without the models; `assistant` has them."""
    embedder: Embedder | None
    reranker: HttpReranker | None
    notice: str | None
    """A sentence for whoever looks, when something is degraded (no weights, so words only)."""
    background: Background
    feedback: Feedback
    snapshots: Snapshots
    holdings: Holdings
    accounts: Accounts
    groups: Groups
    proxy_tokens: ProxyTokens | None
    """What checks who a visitor is, where an identity proxy says it."""
    chosen: Chosen
    models: Models
    house_rules: HouseRules
    preferences: Preferences
    limits: Limits
    audit: Audit
    personal_data: PersonalData
    erasure: Erasure
    retention: Retention
    queue: Queue
    teaching: Teaching
    gaps: Gaps
    question_sets: QuestionSets
    runs: Runs
    real_questions: RealQuestions
    verified: VerifiedAnswers
    known_issues: KnownIssues
    recorder: Recorder
    insights: Insights
    api_keys: ApiKeys
    processes: Processes
    """This process among others that work on the same database."""
    sweeping: Sweeping
    watch_problems: WatchProblems
    following: FollowingOthers | None
    """What looks after the writing of other processes, where several share a database."""
    wake: threading.Event
    """Set it after adding a job, so that the worker looks at once."""
    _closing: ExitStack = field(default_factory=ExitStack)

    @property
    def assistant(self) -> Assistant:
        """What answers questions, with the models that are in force at this moment."""
        now = self.models.lineup
        return replace(
            self.answering, model=now.model, models=now.further, prices=now.usual_prices, prices_of=now.prices
        )

    def langchain_retriever(
        self,
        *,
        collection: str | None = None,
        filters: Filters = NO_FILTERS,
        principal: Principal = LOCAL_USER,
    ) -> CitewellRetriever:
        """A retriever for anyone's LangChain chain, over what this person may read."""
        scope = scope_of(principal, self.library, collection=collection)
        return self.retriever.model_copy(update={"scope": scope, "filters": filters})

    def close(self) -> None:
        """Stop the answers and what is read in, let go of indexes, database and home."""
        self._closing.close()


def open_citewell(settings: Settings | None = None, *, kind: Kind = "app") -> Citewell:
    """Open the home that the settings name, bring its indexes in step, and wire everything up.

    `kind` counts where several processes share a database: then a worker alone carries out jobs and writes vectors.
    Raises HomeError and its kinds, or SettingsError. Absent or wrong weights are no error: answers
    then come by words alone and `notice` says so.
    """
    settings = settings or Settings.read()
    with ExitStack() as opening:
        home = _home(settings, opening)
        opening.callback(home.close)
        engine = open_database(home.database_url if settings.demo else database_of(settings))
        opening.callback(engine.dispose)
        wiring = Wiring(settings, home, engine, kind)
        opening.callback(wiring.processes.leave)
        citewell = _wired(wiring)
        opening.callback(citewell.recorder.close)
        opening.callback(citewell.indexes.close)
        if citewell.reranker is not None:
            opening.callback(citewell.reranker.close)
        opening.callback(citewell.background.close)
        opening.callback(JOBS.stop_all, timeout_s=_STOP_ANSWERS_S)
        citewell.processes.join(kind)
        _bring_in_step(citewell)
        citewell._closing.push(opening.pop_all())
        return citewell


def _home(settings: Settings, opening: ExitStack) -> Home:
    if settings.demo:
        return Home(Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="citewell-demo-"))))
    return Home(home_of(settings), files_of(settings))


def _wired(wiring: Wiring) -> Citewell:
    parts: dict[str, Any] = {
        part.name: getattr(wiring, part.name) for part in fields(Citewell) if part.default_factory is MISSING
    }
    return Citewell(**parts)


def _bring_in_step(citewell: Citewell) -> None:
    """What was left open is ended, and every index proven; what others write is followed from then on."""
    citewell.sweeping.sweep()
    citewell.threads.purge()
    citewell.originals.forget_unfinished(untouched_s=0.0 if citewell.processes.is_alone else _UNFINISHED_S)
    for collection_id in citewell.library.every_collection():
        citewell.indexes.prove(collection_id, beside=citewell.background.start)
    stopping = citewell.background.stopping
    if citewell.following is not None:
        citewell.indexes.look_at_vectors()  # Now, so that no first question goes without.
        citewell.background.keep(partial(citewell.following.keep_up, stopping))
    if not citewell.processes.is_alone:
        citewell.background.keep(partial(citewell.sweeping.keep_sweeping, stopping))


def personal_data_of(engine: Engine, settings: Settings) -> PersonalData:
    """What takes a person's data out of a home's database, also while another process holds the home."""
    catalogue = Catalogue(engine)
    originals = Originals(originals_of(files_of(settings)))
    snapshots = Snapshots(engine, Conversations(engine), catalogue)
    return PersonalData(engine, Accounts(engine), Library(engine), catalogue, originals, snapshots, JobTable(engine))

"""The composition root: from settings to a running Citewell. Nothing else decides which part is which."""

import logging
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from assistant.access import LOCAL_USER, Principal, scope_of
from assistant.accounts import Accounts, Person
from assistant.api_keys import ApiKeys
from assistant.attached import AttachedFiles
from assistant.audit import Action, Audit
from assistant.background import Background
from assistant.choices import Chosen
from assistant.circuit import GuardedModel
from assistant.conversations import Conversations
from assistant.erasure import Erasure
from assistant.evaluation_runs import Runs
from assistant.feedback import Feedback
from assistant.gaps.asking_again import AskingAgain
from assistant.gaps.board import Gaps
from assistant.gaps.gathering import Gathering
from assistant.groups import Groups
from assistant.holdings import Holdings
from assistant.home import Home, originals_of
from assistant.house_rules import HouseRules
from assistant.insights.frame import Frames
from assistant.insights.insights import Insights
from assistant.insights.recorder import Recorder
from assistant.inventory import Inventory
from assistant.job_table import JobTable
from assistant.jobs import JOBS
from assistant.limits import Limits
from assistant.llm import ChatModel, Deadlines, OpenAIModel
from assistant.logs import log_event, pseudonym
from assistant.masking import MaskedEmbedder, MaskedModel, MaskedReranker
from assistant.models import Models
from assistant.personal import prepare_detection
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
from assistant.triage.registry import open_registry
from assistant.triage.teaching import Teaching
from assistant.turn import Assistant
from assistant.verified.store import VerifiedAnswers
from assistant.watch_problems import WatchProblems
from retrieval.addresses import is_loopback
from retrieval.catalogue import Catalogue
from retrieval.database import open_database
from retrieval.embedding import LOCAL, Embedder, load_embedder
from retrieval.errors import EmbeddingError, WeightsError
from retrieval.filters import NO_FILTERS, Filters
from retrieval.indexes import Indexes
from retrieval.intake import Intake
from retrieval.lexical import LexicalIndex
from retrieval.library import Library
from retrieval.mentions import Mentions
from retrieval.originals import Originals
from retrieval.page_images import PageImages
from retrieval.rerank import HttpReranker, Reranker
from retrieval.retriever import CitewellRetriever
from retrieval.search import Search
from retrieval.vectors import VectorIndex

log = logging.getLogger(__name__)
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
    reranker: Reranker | None
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

    `kind` is what the process is to others that work on the same database.

    Raises HomeError and its kinds, or SettingsError. Absent or wrong weights are no error: answers
    then come by words alone and `notice` says so.
    """
    settings = settings or Settings.read()
    with ExitStack() as opening:
        home = Home(_home_path(settings, opening))
        opening.callback(home.close)
        engine = open_database(home.database_url)
        opening.callback(engine.dispose)
        processes = Processes(engine, is_alone=settings.database_url is None)
        opening.callback(processes.leave)
        citewell = _wired(settings, home, engine, processes)
        opening.callback(citewell.recorder.close)
        opening.callback(citewell.indexes.close)
        if isinstance(citewell.reranker, HttpReranker):
            opening.callback(citewell.reranker.close)
        opening.callback(citewell.background.close)
        opening.callback(JOBS.stop_all, timeout_s=_STOP_ANSWERS_S)
        processes.join(kind)
        citewell.sweeping.sweep()
        citewell.threads.purge()
        citewell.originals.forget_unfinished(untouched_s=0.0 if processes.is_alone else _UNFINISHED_S)
        for collection_id in citewell.library.every_collection():
            citewell.indexes.prove(collection_id, beside=citewell.background.start)
        if not processes.is_alone:
            citewell.background.start(partial(citewell.sweeping.keep_sweeping, citewell.background.stopping))
        citewell._closing.push(opening.pop_all())
        return citewell


def _wired(settings: Settings, home: Home, engine: Engine, processes: Processes) -> Citewell:
    library = Library(engine)
    embedder, notice = _embedder(settings, home.cache)
    background = Background()
    indexes = _indexes(home, library, embedder, background)
    reranker = reranker_of(settings)
    search = Search(library, indexes, embedder, _asked_of(reranker, settings))
    catalogue, audit, chosen = Catalogue(engine), Audit(engine), Chosen(engine)
    retriever = CitewellRetriever(engine=search, catalogue=catalogue, limit=settings.passages)
    conversations = Conversations(engine, processes.id)
    snapshots = Snapshots(engine, conversations, catalogue)
    originals = Originals(home.originals)
    jobs = JobTable(engine, processes.id)
    wake = threading.Event()
    intake = Intake(library, indexes, embedder, originals)
    models, house_rules = Models(settings, chosen, connect=_connected), HouseRules(engine)
    limits = limits_of(settings, engine, currency=lambda: models.lineup.settings.currency, process_id=processes.id)
    accounts = Accounts(engine, settings.admits, on_sign_in=partial(_tell_of_sign_in, audit))
    attached = AttachedFiles(library, catalogue, originals, conversations, jobs, limits)
    threads = Threads(engine, forget_files=attached.forget)
    question_sets = QuestionSets(engine, library, catalogue)
    recorder = Recorder(engine, chosen)
    api_keys = ApiKeys(engine, is_open=settings.sign_in == "none" and not settings.demo)
    queue, registry = Queue(engine), open_registry(settings.model_copy(update={"home": home.path}))
    verified = VerifiedAnswers(engine, library, conversations, retriever, embedder)
    answering = Assistant(
        library,
        retriever,
        conversations,
        embedder,
        None,
        settings.reply_tokens,
        inventory=Inventory(catalogue, Mentions(library, indexes.lexical), search),
        house_rules=house_rules,
        has_judge=settings.judge,
        background=background,
        attached=attached,
        limits=limits,
        verified=verified,
        record=recorder.record,
    )
    return Citewell(
        settings,
        home,
        library,
        catalogue,
        originals,
        PageImages(catalogue, originals),
        intake,
        indexes,
        search,
        retriever,
        conversations,
        threads,
        jobs,
        attached,
        answering,
        embedder,
        reranker,
        notice,
        background,
        Feedback(engine, record=recorder.record),
        snapshots,
        Holdings(engine, library, catalogue, intake, jobs, wake),
        accounts,
        Groups(engine),
        proxy_tokens_of(settings),
        chosen,
        models,
        house_rules,
        Preferences(chosen, library),
        limits,
        audit,
        PersonalData(engine, accounts, library, catalogue, originals, snapshots, jobs),
        Erasure(engine, accounts, jobs, wake),
        Retention(engine, chosen, accounts, threads, limits, jobs, audit, question_sets, api_keys),
        queue,
        Teaching(queue, registry, jobs, wake, embedder=embedder, cache=home.cache),
        _gaps(engine, library, catalogue, conversations, chosen, jobs, wake, embedder, settings),
        question_sets,
        Runs(engine, question_sets, jobs, wake),
        RealQuestions(engine, question_sets, library, catalogue),
        verified,
        KnownIssues(engine, embedder),
        recorder,
        Insights(engine, library, chosen, jobs, wake, Frames(engine)),
        api_keys,
        processes,
        Sweeping(processes, conversations, jobs, limits),
        WatchProblems(chosen),
        wake,
    )


def _gaps(
    engine: Engine,
    library: Library,
    catalogue: Catalogue,
    conversations: Conversations,
    chosen: Chosen,
    jobs: JobTable,
    wake: threading.Event,
    embedder: Embedder | None,
    settings: Settings,
) -> Gaps:
    gathering = Gathering(engine, library, catalogue, chosen, embedder)
    asking = AskingAgain(engine, conversations)
    return Gaps(engine, library, catalogue, gathering, asking, jobs, wake, chosen, settings.phone_countries)


def _home_path(settings: Settings, opening: ExitStack) -> Path:
    if settings.demo:
        return Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="citewell-demo-")))
    return settings.home.expanduser().absolute()


def _embedder(settings: Settings, cache: Path) -> tuple[Embedder | None, str | None]:
    try:
        return embedder_of(settings, cache), None
    except (WeightsError, EmbeddingError) as error:
        return None, f"{error.hint} Until then, search goes by words alone."


def embedder_of(settings: Settings, cache: Path) -> Embedder:
    """The embedding of the settings, told nothing personal where it is a provider's. WeightsError, EmbeddingError."""
    embedder = load_embedder(settings.embedding, cache)
    # Where a provider has its endpoint is known to its own client alone.
    is_masked = settings.embedding != LOCAL and settings.mask != "never"
    return MaskedEmbedder(embedder, settings.phone_countries) if is_masked else embedder


def _indexes(home: Home, library: Library, embedder: Embedder | None, background: Background) -> Indexes:
    dense = None
    if embedder is not None:
        dense = VectorIndex(home.indexes / "dense", model=embedder.name, dimension=embedder.dimension)
    return Indexes(
        LexicalIndex(home.indexes / "lexical"), dense, library, home.indexes, background.stopping, background.start
    )


def model_of(settings: Settings) -> ChatModel | None:
    """The model that the settings name, None where they name none."""
    if not settings.has_model:
        return None
    client = _client(settings, settings.model)
    model = _masked(client, settings)
    for prepare in (client.prepare, *((prepare_detection,) if model is not client else ())):
        threading.Thread(target=prepare, name="preparing", daemon=True).start()
    return GuardedModel(model)


def further_models_of(settings: Settings) -> dict[str, ChatModel]:
    """The others that may be chosen, by name; each rests for itself when it keeps failing."""
    names = settings.further_models if settings.has_model else ()
    return {name: GuardedModel(_masked(_client(settings, name), settings)) for name in names}


def _connected(settings: Settings) -> tuple[ChatModel | None, Mapping[str, ChatModel]]:
    return model_of(settings), further_models_of(settings)


def _masked(model: OpenAIModel, settings: Settings) -> ChatModel:
    return MaskedModel(model, settings.phone_countries) if _masks(settings, model.base_url) else model


def _masks(settings: Settings, url: str) -> bool:
    """Whether what goes to an endpoint is masked."""
    return settings.mask == "always" or (settings.mask == "auto" and not is_loopback(url))


def _client(settings: Settings, name: str | None) -> OpenAIModel:
    key = settings.openai_api_key
    return OpenAIModel(
        settings.openai_base_url,
        key.get_secret_value() if key else None,
        name,
        window_tokens=settings.window_tokens,
        timeouts=Deadlines(settings.first_token_s, settings.idle_s, settings.total_s),
    )


def _tell_of_sign_in(audit: Audit, person: Person, address: str) -> None:
    audit.record(person.principal, Action.SIGNED_IN, address=address, role=person.role.value)
    log_event("signed_in", person=pseudonym(person.principal), role=person.role.value)


def proxy_tokens_of(settings: Settings) -> ProxyTokens | None:
    """What checks the tokens of the identity proxy that the settings name, None where there is none."""
    if settings.sign_in != "proxy" or settings.proxy_jwks_url is None:
        return None
    return ProxyTokens(settings.proxy_jwks_url, settings.proxy_issuer, settings.proxy_audience, settings.proxy_header)


def limits_of(settings: Settings, engine: Engine, *, currency: Callable[[], str], process_id: str = "") -> Limits:
    """What each person may use, as the settings say where nothing is chosen on a page."""
    budget = settings.monthly_budget
    return Limits(engine, settings.limits, monthly_budget=budget, currency=currency, process_id=process_id)


def personal_data_of(engine: Engine, settings: Settings) -> PersonalData:
    """What takes a person's data out of a home's database, also while another process holds the home."""
    catalogue = Catalogue(engine)
    originals = Originals(originals_of(settings.home.expanduser().absolute()))
    snapshots = Snapshots(engine, Conversations(engine), catalogue)
    return PersonalData(engine, Accounts(engine), Library(engine), catalogue, originals, snapshots, JobTable(engine))


def _asked_of(reranker: HttpReranker | None, settings: Settings) -> Reranker | None:
    """The reranker as the search asks it."""
    if reranker is None or not _masks(settings, reranker.url):
        return reranker
    return MaskedReranker(reranker, settings.phone_countries)


def reranker_of(settings: Settings) -> HttpReranker | None:
    """The reranker that the settings name, None where they name none. Close it when done."""
    if settings.rerank_url is None:
        return None
    key = settings.rerank_api_key
    return HttpReranker(
        settings.rerank_url,
        model=settings.rerank_model,
        api_key=key.get_secret_value() if key else None,
        timeout_s=settings.rerank_timeout,
    )

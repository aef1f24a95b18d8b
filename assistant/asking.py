"""How a configuration answers: the product's own search and turn, with what the configuration changes of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.access import LOCAL_USER, Principal
from assistant.bootstrap import Citewell
from assistant.configuration import USUAL, Configuration, ConfigurationRefused
from assistant.evaluation import LabelledQuestion, Told, told_of
from assistant.events import Answer, AnswerFinished, Event, PassagesFound, TurnFailed, TurnStopped
from assistant.llm import Message
from assistant.set_evaluation import Seen
from assistant.turn import Assistant
from retrieval.evaluation.methods import best_documents
from retrieval.retriever import CitewellRetriever
from retrieval.trace import Found, SearchTrace
from retrieval.values import Scope

_NO_DENSE = (
    "Nothing is embedded here, so nothing can be ranked by meaning alone; `citewell doctor` says what is missing."
)


def present(citewell: Citewell) -> Configuration:
    """What answers now."""
    model = USUAL if citewell.models.lineup.model is not None else None
    return Configuration(passages=citewell.settings.passages, reranks=citewell.search.reranks, model=model)


@dataclass(frozen=True, slots=True)
class Asking:
    """One configuration, within some collections. Raises ConfigurationRefused where it is made for what is not there."""

    citewell: Citewell
    configuration: Configuration
    scope: Scope
    paths: Mapping[int, str] = field(default_factory=dict)
    """What documents are called, by id: those that a question may name."""
    principal: Principal = LOCAL_USER
    cancelled: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        chosen, citewell = self.configuration, self.citewell
        if chosen.method == "dense" and citewell.embedder is None:
            raise ConfigurationRefused(_NO_DENSE)
        if chosen.reranks and not citewell.search.reranks:
            raise ConfigurationRefused("No reranker is connected; leave it out, or set CITEWELL_RERANK_URL.")
        if chosen.model == USUAL and citewell.models.lineup.model is None:
            raise ConfigurationRefused("No model is connected; choose one that quotes, or set OPENAI_BASE_URL.")
        if chosen.model:
            citewell.assistant.written_by(chosen.model)

    @property
    def assistant(self) -> Assistant:
        """What answers a turn in this configuration, from the documents: also what asks about the collection itself, and
        what somebody has verified an answer to."""
        chosen = self.configuration
        search = self.citewell.search.varied(chosen.method, reranks=chosen.reranks)
        usual = self.citewell.assistant.written_by(chosen.model or None)
        retriever: CitewellRetriever = usual.retriever.model_copy(update={"engine": search, "limit": chosen.passages})
        model = None if chosen.model is None else usual.model
        return replace(usual, retriever=retriever, model=model, inventory=None, verified=None)

    def see(self, question: LabelledQuestion) -> Seen:
        """Ask it, and say what came of it."""
        return self._written(question) if self.configuration.model is not None else self._quoted(question)

    def turn(self, question: str, earlier: Sequence[str]) -> Iterator[Event]:
        """The whole turn, nothing stored but what it cost."""
        history = tuple(Message("user", text) for text in earlier)
        return self.assistant.answer(
            question, scope=self.scope, history=history, principal=self.principal, cancelled=self.cancelled
        )

    def _quoted(self, question: LabelledQuestion) -> Seen:
        found = self.assistant.retriever.find(question.text, scope=self.scope, history=question.earlier)
        return self._seen(told_of(question, found, self.citewell.embedder), found)

    def _written(self, question: LabelledQuestion) -> Seen:
        found = Found((), SearchTrace())
        answer: Answer | None = None
        for event in self.turn(question.text, question.earlier):
            match event:
                case PassagesFound():
                    found = Found(event.passages, event.trace)
                case AnswerFinished() | TurnStopped() | TurnFailed():
                    answer = event.answer
        claims = [each for each in answer.sentences if each.support != "not_a_claim"] if answer else []
        told = _told(found, answer, tuple(each.text for each in claims))
        verdicts = tuple(each.support == "supported" for each in claims)
        is_fallback = answer is None or (answer.is_quoted and answer.status != "unanswerable")
        return replace(self._seen(told, found), verdicts=verdicts, is_fallback=is_fallback)

    def _seen(self, told: Told, found: Found) -> Seen:
        """Without the trace: of ten thousand questions those would fill the memory."""
        return Seen(told, best_documents(found.trace, self.paths), found.passages)


def _told(found: Found, answer: Answer | None, sentences: tuple[str, ...]) -> Told:
    evidence, signals = found.trace.evidence, found.trace.signals
    refused = answer is None or answer.status == "unanswerable"
    status = "unanswerable" if refused else "partly" if answer and answer.status == "partial" else "answerable"
    cited = tuple(citation.passage.source.path for citation in answer.citations) if answer else ()
    return Told(evidence.probability, status, sentences, cited, signals.top_cosine if signals else None)  # type: ignore[arg-type]

"""How well the search ranks documents, beside what its parts would rank alone."""

from retrieval.embedding import Embedder
from retrieval.evaluation.datasets import RetrievalSet
from retrieval.evaluation.measures import measure_ranking
from retrieval.evaluation.methods import runs_by_method, top_ten
from retrieval.evaluation.outcome import Asked, Evaluation
from retrieval.evaluation.workbench import OnProgress, ask_each, unseen, workbench
from retrieval.methods import CITEWELL

"""How many chunks each index is asked for: enough that ten documents are among them."""


def evaluate_retrieval(
    data: RetrievalSet, embedder: Embedder, *, compare: bool = False, on_progress: OnProgress = unseen
) -> Evaluation:
    """Index the corpus, ask every query, measure; with `compare` also dense alone, BM25 alone and rank fusion."""
    with workbench(data.corpus, embedder, on_progress) as bench:
        traces, latency = ask_each(data.queries, lambda text: bench.search.rank(text, scope=bench.scope), on_progress)
        runs = runs_by_method(traces, bench, compare=compare)
    return Evaluation(
        asked=tuple(Asked(name, text, {"relevant": data.qrels[name]}) for name, text in data.queries.items()),
        methods={method: measure_ranking(run, data.qrels, data.queries) for method, run in runs.items()},
        retrieved={method: top_ten(run) for method, run in runs.items()},
        reference=CITEWELL,
        latency_ms=latency,
        unjudged=data.unjudged,
    )

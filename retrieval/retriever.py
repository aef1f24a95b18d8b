"""Our search as a LangChain retriever: what the chat itself uses, and what any chain can plug in."""

from collections.abc import Sequence

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from retrieval.catalogue import Catalogue
from retrieval.filters import NO_FILTERS, Filters
from retrieval.search import Search
from retrieval.trace import Found
from retrieval.values import Passage, Scope


class CitewellRetriever(BaseRetriever):
    """Searches the documents of `scope` that pass `filters`; `limit` counts passages."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    engine: Search
    catalogue: Catalogue
    scope: Scope = frozenset()
    filters: Filters = NO_FILTERS
    limit: int = 8

    def find(
        self,
        question: str,
        *,
        scope: Scope,
        history: Sequence[str] = (),
        rewrite: str | None = None,
        documents: frozenset[int] | None = None,
    ) -> Found:
        """Passages with the trace of how they were found; with `documents`, only of these."""
        return self.engine.passages(
            question, scope=scope, history=history, rewrite=rewrite, documents=documents, limit=self.limit
        )

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        del run_manager
        documents = self.catalogue.ids(self.scope, self.filters)
        return [as_document(passage) for passage in self.find(query, scope=self.scope, documents=documents).passages]


def as_document(passage: Passage) -> Document:
    """A passage as LangChain knows it; the metadata say where it stands, in code points."""
    return Document(
        page_content=passage.text,
        metadata={
            "document": passage.source.path,
            "title": passage.source.title,
            "heading": " > ".join(passage.heading),
            "page": passage.page,
            "start": passage.start,
            "end": passage.end,
            "score": passage.score,
        },
    )

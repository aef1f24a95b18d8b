"""What can go wrong in retrieval.

RetrievalError
├── ParseError            one file could not be read; the rest of the batch goes on
│   └── ParserDied        it killed or exhausted its parser: set aside when that happens twice
├── ParseCancelled        reading was given up by whoever asked for it; it says nothing about the file
├── WeightsError          the embedding's weights are absent or not the published ones
├── EmbeddingError        an embedding failed or returned numbers that cannot be stored
├── VectorsUnreachable    the server of vectors does not answer; words alone find meanwhile
├── RerankFailed          a reranker gave no ranking; the order of the search stands
├── HomeError             the data directory, or the database, cannot be used
│   ├── HomeBusy          another process holds it
│   ├── HomeInUse         others read or change what is to be changed; later it can be
│   ├── HomeUnreachable   the database's server does not answer; it may be back in a moment
│   ├── HomeRefused       the database that was named cannot be used as it is
│   ├── HomeNotWritable   no permission, or read-only
│   │   └── HomeFull      no space left; what was stored before is safe
│   ├── HomeDamaged       the database is damaged, cut short or gone; nothing is written over it
│   └── HomeTooNew        written by a later version
├── SyncRefused           a folder cannot be followed as it is; nothing was changed
├── UnknownCollection
├── CollectionRefused     a collection's name is empty, too long or taken
├── UnknownDocument
├── FilterRefused         a filter makes no sense: no such type, a first day after the last
└── DatasetError          an evaluation file is malformed; names file and line
"""

FULL = "The disk is full, so nothing more is stored; what was stored is safe. Make room and retry."


class RetrievalError(Exception):
    """Base of the tree. `hint` is the one sentence a person sees: what happened and what to do."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


class ParseError(RetrievalError):
    """The file has nothing to read, or cannot be read; `hint` says which and what to do."""


class ParserDied(ParseError):
    """The file ended the process that read it, or used up its memory or time."""


class ParseCancelled(RetrievalError):
    """The sandbox was told to stop; the file may be read another time."""


class WeightsError(RetrievalError):
    """The weights of the local embedding are absent or differ from the published ones."""


class EmbeddingError(RetrievalError):
    """An embedding provider failed, or returned NaN, infinite or zero vectors."""


class VectorsUnreachable(RetrievalError):
    """The server of vectors did not answer, or not rightly."""


class RerankFailed(RetrievalError):
    """The reranker gave no ranking; `hint` says why, and after "; " what to do."""


class HomeError(RetrievalError):
    """The data directory cannot be used."""


class HomeBusy(HomeError):
    """Another process holds the data directory."""


class HomeInUse(HomeError):
    """Something cannot be changed or removed yet, for somebody else reads or changes it."""


class HomeUnreachable(HomeError):
    """The database's server does not answer, or broke off what it was doing."""


class HomeRefused(HomeError):
    """A database that Citewell cannot use: of another kind, too old, or of another encoding."""


class HomeNotWritable(HomeError):
    """The data directory cannot be written."""


class HomeFull(HomeNotWritable):
    """There is no space left where the data directory lies."""


class HomeDamaged(HomeError):
    """The database cannot be trusted: damaged, cut short, or parts of it are gone."""


class HomeTooNew(HomeError):
    """The data directory was written by a later version."""


class SyncRefused(RetrievalError):
    """A sync would do harm, or has no folder; nothing was changed."""


class UnknownCollection(RetrievalError):
    """No collection of that name."""


class CollectionRefused(RetrievalError):
    """A collection cannot have this name."""


class UnknownDocument(RetrievalError):
    """No document of that id."""


class FilterRefused(RetrievalError):
    """A filter that nothing could mean."""


class DatasetError(RetrievalError):
    """An evaluation file is malformed."""

"""The tables of documents: SQL is the truth, every index can be rebuilt from them.

Times are UTC. Ids of documents and removals only ever grow, so an index follows SQL by remembering
the last of each that it has applied. Short columns stand before long ones: SQLite then lists ten thousand
documents without touching their text.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

collections = Table(
    "collections",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("description", Text, nullable=False, default=""),
    Column("created_at", DateTime, nullable=False),
    # The folder this collection follows, as an absolute path; watched: the app looks at it by itself.
    Column("folder", Text),
    Column("watched", Boolean, nullable=False, default=False),
    # Whom to ask where the documents do not say: a name, an address or a link.
    Column("contact", Text, nullable=False, default=""),
    # The conversation whose own files these are, and whose conversation it is; null for a collection of everybody's.
    Column("conversation_id", String(32), index=True),
    Column("owner", String(300)),
    # Grows with every change of its documents, so that each process sees at a glance which indexes are behind.
    Column("version", Integer, nullable=False, default=0, server_default="0"),
)

# What is known of a file besides its text, so that a sync passes over unchanged files without opening them.
# `folder`: the followed folder it came from; `modified_ns` is null where the time cannot be relied on.
_FILE_COLUMNS = (
    ("sha256", String(64), False),
    ("format", String(16), False),
    ("bytes", BigInteger, False),
    ("modified_ns", BigInteger, True),
    ("folder", Text, True),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
    Column("path", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("markup", String(16), nullable=False),
    Column("dated", Date),
    Column("language", String(8)),
    *(Column(name, type_, nullable=nullable) for name, type_, nullable in _FILE_COLUMNS),
    Column("added_at", DateTime, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("passages", Integer, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("page_starts", JSON, nullable=False),
    Column("sections", JSON, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("collection_id", "path"),
    sqlite_autoincrement=True,
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("heading", JSON, nullable=False),
    Column("page", Integer),
    Column("text", Text, nullable=False),
    Column("embedded_text_sha256", String(64), nullable=False),
    Column("embedding_model", String(200)),
    Column("embedding", LargeBinary),
    Index("ix_chunks_embedding", "embedded_text_sha256", "embedding_model"),
    sqlite_autoincrement=True,
)

# Of every document's title, by one embedding model: what a document is about, apart from what it says.
title_embeddings = Table(
    "title_embeddings",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("embedding_model", String(200), nullable=False),
    Column("embedding", LargeBinary, nullable=False),
)

removals = Table(
    "removals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("collection_id", String(32), nullable=False),
    Column("document_id", Integer, nullable=False, index=True),
    # The document that took its place, where its file was read in anew: old links lead there.
    Column("successor_id", Integer),
    # Null for what was removed before this was kept.
    Column("removed_at", DateTime),
    sqlite_autoincrement=True,
)

failures = Table(
    "failures",
    metadata,
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    *(Column(name, type_, nullable=nullable) for name, type_, nullable in _FILE_COLUMNS),
    Column("failed_at", DateTime, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)

# How far an index that several processes share has come, by collection.
index_marks = Table(
    "index_marks",
    metadata,
    Column("index_name", String(100), primary_key=True),
    Column("collection_id", String(32), primary_key=True),
    Column("document", BigInteger, nullable=False),
    Column("removal", BigInteger, nullable=False),
    # While it is filled anew nobody is to ask it.
    Column("is_filling", Boolean, nullable=False),
)

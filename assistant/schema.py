"""The tables of conversations, jobs and people, beside those of documents and in the same database."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from retrieval.schema import metadata

__all__ = [
    "api_keys",
    "audit",
    "choices",
    "citations",
    "conversations",
    "document_pairs",
    "document_use",
    "evaluation_runs",
    "events",
    "feedback",
    "gap_collections",
    "gap_questions",
    "gaps",
    "grants",
    "groups",
    "house_rules",
    "invitations",
    "jobs",
    "known_issues",
    "memberships",
    "messages",
    "metadata",
    "people",
    "processes",
    "question_sets",
    "run_outcomes",
    "set_questions",
    "sign_ins",
    "snapshots",
    "tickets",
    "used",
    "verified",
    "verified_questions",
    "verified_sources",
]

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(300), nullable=False, index=True),
    Column("created_at", DateTime, nullable=False),
    # What it is about, in a few words; null until that is known, and then the first question stands for it.
    Column("title", Text),
    Column("pinned_at", DateTime),
    Column("archived_at", DateTime),
    # Deleted, and kept a while so that it can be taken back.
    Column("deleted_at", DateTime),
    # The newest message of the branch on screen; null while nothing was asked.
    Column("leaf_id", Integer),
    # What its next question is narrowed to, and how and by which model it is answered.
    Column("narrowed", JSON),
    Column("style", String(16)),
    Column("model", String(200)),
)

messages = Table(
    "messages",
    metadata,
    # The order of a conversation is the order of ids: a clock may jump, a sequence does not.
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    # The message it follows; several that follow the same one are versions of each other.
    Column("parent_id", Integer),
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
    # Every process looks from time to time for open ones that nobody writes any more.
    Column("state", String(16), nullable=False, index=True),
    Column("reason", Text),
    Column("work", JSON),
    # Questions that may come next; null until they were looked for.
    Column("follow_ups", JSON),
    Column("created_at", DateTime, nullable=False),
    # What an answer took and cost, to be added up, with the call for follow-ups that came after it.
    Column("model", String(200)),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("tokens_are_estimated", Boolean),
    Column("cost", Float),
    Column("currency", String(8)),
    Column("first_token_ms", Float),
    Column("total_ms", Float),
    Column("prompt_version", String(16)),
    Column("style", String(16)),
    # By which the log and the model endpoint know the answer.
    Column("request_id", String(64), index=True),
    # Which process writes it while it is open, and whether another one was told to stop it.
    Column("process_id", String(16)),
    Column("stop_asked", Boolean),
    # The whole tree of a conversation is read from this index alone.
    Index("ix_messages_conversation_id_id_parent_id", "conversation_id", "id", "parent_id"),
    sqlite_autoincrement=True,
)

# Which spans answers quoted. Documents come and go under their ids, so none is required to exist.
citations = Table(
    "citations",
    metadata,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("document_id", Integer, nullable=False, index=True),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
)

# What a person thinks of an answer; what it was made of stands with the message.
feedback = Table(
    "feedback",
    metadata,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", String(300), primary_key=True),
    Column("is_helpful", Boolean, nullable=False),
    Column("reason", String(32)),
    Column("comment", Text, nullable=False, default=""),
    Column("created_at", DateTime, nullable=False),
    Column("updated_at", DateTime, nullable=False),
)

# A conversation as it was when it was shared. It goes with the conversation.
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("owner", String(300), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("title", Text, nullable=False),
    Column("messages", JSON, nullable=False),
)

# Every version of the organisation's own rules; the newest is in force.
house_rules = Table(
    "house_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("created_at", DateTime, nullable=False),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("owner", String(300), nullable=False),
    Column("cancelled", Boolean, nullable=False, default=False),
    Column("starts", Integer, nullable=False, default=0),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("current", Text, nullable=False, default=""),
    Column("created_at", DateTime, nullable=False),
    Column("started_at", DateTime),
    Column("ended_at", DateTime),
    Column("work", JSON, nullable=False),
    Column("result", JSON),
    Column("problem", Text),
    # Which process carries it out while it runs.
    Column("process_id", String(16)),
    sqlite_autoincrement=True,
)

# Whoever signed in once. Who they are is (issuer, subject); name and address are what was last said, for the page.
people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issuer", String(300), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("is_disabled", Boolean, nullable=False, default=False),
    Column("created_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    UniqueConstraint("issuer", "subject"),
    sqlite_autoincrement=True,
)

# The group of everyone has no members in `memberships`: whoever signed in is in it.
groups = Table(
    "groups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("is_everyone", Boolean, nullable=False, default=False),
    sqlite_autoincrement=True,
)

# Claimed: said by who vouches for the person, and no longer true when it is no longer said.
memberships = Table(
    "memberships",
    metadata,
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("group_id", ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("is_claimed", Boolean, nullable=False, default=False),
)

# Which group, or which person, may read a collection, and whether they may change what is in it.
grants = Table(
    "grants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("group_id", ForeignKey("groups.id", ondelete="CASCADE")),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE")),
    Column("may_edit", Boolean, nullable=False, default=False),
    UniqueConstraint("collection_id", "group_id"),
    UniqueConstraint("collection_id", "person_id"),
)

# One time that somebody signed in, known by the hash of what the provider signed that time.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("began_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
)

# A code that gives a role once, known by its hash.
invitations = Table(
    "invitations",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
)

# Who did what, on what, from where, and how it ended. Rows are added, never changed.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("actor", String(300), nullable=False, index=True),
    Column("action", String(64), nullable=False),
    Column("target", Text, nullable=False, default=""),
    Column("address", String(64), nullable=False, default=""),
    Column("outcome", String(16), nullable=False),
    Column("detail", JSON),
    sqlite_autoincrement=True,
)

# What somebody used up of a limit since `began_at`: questions or tokens of a day, uploads of an hour.
used = Table(
    "used",
    metadata,
    Column("owner", String(300), primary_key=True),
    Column("limit", String(32), primary_key=True),
    Column("began_at", DateTime, primary_key=True),
    Column("amount", Float, nullable=False),
)

# What an administrator, or a person for themselves (`owner`), set on a page; `owner` is empty for the organisation's.
choices = Table(
    "choices",
    metadata,
    Column("owner", String(300), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("changed_at", DateTime, nullable=False),
)

# The tickets of the support desk, with what a model guessed of them and what a person decided.
tickets = Table(
    "tickets",
    metadata,
    Column("id", Integer, primary_key=True),
    # Of its own number and its words: the same ticket is not brought in twice.
    Column("key", String(64), nullable=False, unique=True),
    Column("reference", String(200), nullable=False),
    Column("source", Text, nullable=False),
    Column("line", Integer),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(16), nullable=False),
    Column("given", JSON, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    # Whose it is, by the key of a person.
    Column("assignee", String(300)),
    # Label and sureness by what is guessed, and the model that did so.
    Column("guessed", JSON(none_as_null=True)),
    Column("is_out_of_scope", Boolean),
    Column("needs_person", Text),
    Column("version", Integer),
    Column("decided", JSON(none_as_null=True)),
    Column("decided_at", DateTime),
    Column("created_at", DateTime, nullable=False),
    sqlite_autoincrement=True,
)

# Knowledge gaps: what was asked and not answered, in groups. No words are kept here, they are those of the messages.
gaps = Table(
    "gaps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    # Whose it is to close, by the key of a person.
    Column("assignee", String(300)),
    Column("created_at", DateTime, nullable=False),
    Column("asked_again_at", DateTime),
    sqlite_autoincrement=True,
)

# A question in one of them, with the answer for which it is there. It goes with its conversation.
gap_questions = Table(
    "gap_questions",
    metadata,
    Column("question_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("answer_id", Integer, nullable=False, index=True),
    Column("gap_id", ForeignKey("gaps.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("reason", String(16), nullable=False),
    Column("embedding_model", String(200), nullable=False),
    Column("embedding", LargeBinary, nullable=False),
    # Ids of the documents that came nearest to it then.
    Column("nearest", JSON, nullable=False),
    # When it was found to have an answer, and the stretch of a document that is its proof.
    Column("answered_at", DateTime),
    Column("document_id", Integer),
    Column("start", Integer),
    Column("end", Integer),
)

# The collections that were searched for it.
gap_collections = Table(
    "gap_collections",
    metadata,
    Column("question_id", ForeignKey("gap_questions.question_id", ondelete="CASCADE"), primary_key=True),
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True, index=True),
)

# What the documents of a collection should answer, and what they should not.
question_sets = Table(
    "question_sets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    UniqueConstraint("collection_id", "name"),
    sqlite_autoincrement=True,
)

set_questions = Table(
    "set_questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("set_id", ForeignKey("question_sets.id", ondelete="CASCADE"), nullable=False, index=True),
    # From whose conversation it was taken, by the key of a person; null where it was written for the set.
    Column("asked_by", String(300), index=True),
    Column("text", Text, nullable=False),
    Column("is_answerable", Boolean, nullable=False),
    Column("kind", String(64), nullable=False, default=""),
    # Paths of documents, strings of which any is an answer, and questions asked before it.
    Column("documents", JSON, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("earlier", JSON, nullable=False),
    Column("created_at", DateTime, nullable=False),
    sqlite_autoincrement=True,
)

# A set measured in one configuration; kept once it is done.
evaluation_runs = Table(
    "evaluation_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("set_id", ForeignKey("question_sets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", DateTime, nullable=False),
    Column("configuration", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("intervals", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    # The run in MLflow, where it could be kept there.
    Column("mlflow_run", String(64)),
    sqlite_autoincrement=True,
)

# What came of each question; it goes with the question.
run_outcomes = Table(
    "run_outcomes",
    metadata,
    Column("run_id", ForeignKey("evaluation_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("question_id", ForeignKey("set_questions.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("outcome", JSON, nullable=False),
)

# Answers that somebody vouches for until a day: the passages and the answer as they were checked.
verified = Table(
    "verified",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), nullable=False, index=True),
    # Whoever verified it last, by the key of a person; empty once everything of theirs was removed.
    Column("owner", String(300), nullable=False, index=True),
    Column("verified_at", DateTime, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("work", JSON, nullable=False),
    sqlite_autoincrement=True,
)

# The questions that it answers: the first is its name, the others are other words for it.
verified_questions = Table(
    "verified_questions",
    metadata,
    Column("verified_id", ForeignKey("verified.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("embedding_model", String(200)),
    Column("embedding", LargeBinary),
)

# The documents that it rests on, with the text that they had. Documents come and go, so none is required to exist.
verified_sources = Table(
    "verified_sources",
    metadata,
    Column("verified_id", ForeignKey("verified.id", ondelete="CASCADE"), primary_key=True),
    Column("document_id", Integer, primary_key=True),
    Column("text_sha256", String(64), nullable=False),
    Column("title", Text, nullable=False),
)

# Problems that the support desk knows of, and what customers are told of them.
known_issues = Table(
    "known_issues",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("happens", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("is_solved", Boolean, nullable=False, default=False),
    Column("changed_at", DateTime, nullable=False),
    Column("embedding_model", String(200)),
    Column("embedding", LargeBinary),
    sqlite_autoincrement=True,
)

# What happened: a turn, a search, a ticket, an opinion, a reading in. Rows are added, and removed; none is changed.
events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    # Seconds since 1970: a million of them are read at once for the figures, and a DateTime takes ten times as long.
    Column("at_s", BigInteger, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("owner", String(300), nullable=False, index=True),
    # Ids in order with a space between them, for the same reason: few different ones, each read once.
    Column("groups", Text, nullable=False),
    Column("collections", Text, nullable=False),
    # The answer it is about. Its words stay where its owner can delete them: in the conversation.
    Column("message_id", Integer, index=True),
    # The words of what has no conversation, where such are kept.
    Column("words", Text),
    Column("first_ms", Integer),
    Column("total_ms", Integer),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cost", Float),
    Column("currency", String(8), nullable=False),
    # Sentences that claim something, and how many of them are borne out, in part, or said otherwise by the documents.
    Column("claims", Integer, nullable=False),
    Column("supported", Integer, nullable=False),
    Column("partly", Integer, nullable=False),
    Column("contradicted", Integer, nullable=False),
    # Documents found, and documents cited.
    Column("found", Integer, nullable=False),
    Column("cited", Integer, nullable=False),
    Column("is_helpful", Boolean),
    # What is peculiar to its kind, such as how many files were read in.
    Column("detail", JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)

# How often a document was found and cited, by its place: one that is read anew stays the same document.
document_use = Table(
    "document_use",
    metadata,
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("found", Integer, nullable=False),
    Column("cited", Integer, nullable=False),
    Column("found_at_s", BigInteger),
    Column("cited_at_s", BigInteger),
)

# Documents that say the same in nearly the same words, or the same thing with other figures, as last compared.
document_pairs = Table(
    "document_pairs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("one_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("other_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("one_says", Text, nullable=False),
    Column("other_says", Text, nullable=False),
    Column("likeness", Float, nullable=False),
    sqlite_autoincrement=True,
)

# What lets a program in, known by its hash; `person_id` is null where nobody signs in.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    # Its first characters, to tell it from others.
    Column("hint", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", String(300), nullable=False, index=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), index=True),
    Column("scopes", JSON, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("used_at", DateTime),
    # How often it may be used in a minute, and how often it was in the one of `minute_at`.
    Column("calls_a_minute", Integer, nullable=False),
    Column("minute_at", DateTime),
    Column("minute_calls", Integer, nullable=False, default=0),
    sqlite_autoincrement=True,
)

# The processes that work on this database, each seen lately. Seconds since 1970 by the database's own clock.
processes = Table(
    "processes",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", String(64), nullable=False),
    Column("started_s", BigInteger, nullable=False),
    Column("seen_s", BigInteger, nullable=False),
)

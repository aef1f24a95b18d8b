"""The server mode with a model behind it, used as a program uses it; in the end what it acknowledged is looked for.

Acknowledged is a question once its turn has started, a text once it was received, a document once its job is done.
"""

import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from assistant.access import LOCAL_USER
from assistant.api_keys import SCOPES, ApiKeys, Wanted
from retrieval.database import open_database
from retrieval.library import Library
from torture.stack.part import Part
from torture.stack.whole import ROOT, Stack

COLLECTION = "Handbook"
PATIENCE_S = 90.0
FOLLOWS_S = 15.0
_BROKEN = ("interrupted", "stopped", "failed", "done")
"""How an answer may have ended whose connection broke: it was written on where only nginx was lost."""
_STORED = (
    "SELECT answer.state, answer.text, question.text FROM messages answer "
    "JOIN messages question ON question.id = answer.parent_id WHERE answer.id = %s"
)


@dataclass(slots=True)
class Asked:
    """A question and what came back so far. `end` is the last event's name, None where the connection broke."""

    question: str
    conversation_id: str = ""
    message_id: int | None = None
    text: str = ""
    end: str | None = None
    citations: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def see(self, event: str, data: Mapping[str, Any]) -> None:
        """Take in one event."""
        match event:
            case "turn_started":
                self.message_id, self.conversation_id = data["message_id"], data["conversation_id"]
            case "text_delta":
                self.text += data["text"]
            case "answer_replaced":
                self.text = ""
            case "answer_finished":
                self.end, self.citations = event, len(data["citations"])
            case "turn_stopped" | "turn_failed":
                self.end = event


class Serving:
    """A running stack with a key for everything, and all that was acknowledged. Safe to share between threads."""

    def __init__(self, stack: Stack) -> None:
        """Makes the key and the collection in the database, beside the processes that run."""
        self.stack = stack
        self.asked: list[Asked] = []
        self.documents: dict[str, str] = {}
        """Names of documents, each with a word that stands in no other."""
        engine = open_database(stack.database_url)
        wanted = Wanted("torture", SCOPES, calls_a_minute=6_000)
        self._key = ApiKeys(engine, is_open=True).create(wanted, LOCAL_USER).secret
        Library(engine).create_collection(COLLECTION)
        engine.dispose()
        self._trust = ssl.create_default_context(cafile=str(stack.directory / "nginx/fullchain.pem"))

    def run(self, *arguments: str) -> tuple[int, Mapping[str, Any]]:
        """A command beside the running processes: its exit code and its JSON."""
        command = [sys.executable, "-m", "assistant", *arguments, "--json", "--home", str(self.stack.home("commands"))]
        done = subprocess.run(
            command, cwd=ROOT, env=self.stack.environment, capture_output=True, text=True, check=False, timeout=120
        )
        if not done.stdout.startswith("{"):
            raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return done.returncode, found

    def client(self, replica: int | None = None) -> httpx.Client:
        """A program that comes through nginx, or to one replica past it."""
        url = self.stack.url if replica is None else f"http://127.0.0.1:{self.stack.replica_ports[replica]}"
        headers = {"Authorization": f"Bearer {self._key}"}
        return httpx.Client(base_url=f"{url}/api/v1", headers=headers, verify=self._trust, timeout=PATIENCE_S)

    # Documents

    def send(self, name: str, text: str, *, word: str) -> int:
        """Hand a document over, again where the connection broke; the number of the job that reads it in."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with self.client() as client:
                    given = {"collection": COLLECTION, "name": name}
                    answer = client.post("/documents", params=given, content=text.encode())
                if answer.status_code == 202:
                    self.documents[name] = word
                    return int(answer.json()["id"])
                if answer.status_code < 500 or time.monotonic() > until:
                    raise RuntimeError(f"{name} was refused: {answer.status_code} {answer.text}")
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.2)

    def wait_for(self, *job_ids: int) -> None:
        """Until these jobs have read their documents in."""
        for job_id in job_ids:
            job = until(lambda job_id=job_id: self._ended(job_id), f"job {job_id} to end")
            if job["state"] != "done" or job["result"]["failed"]:
                raise RuntimeError(f"a document was not read in: {job}")

    def _ended(self, job_id: int) -> Any:
        try:
            with self.client() as client:
                answer = client.get(f"/jobs/{job_id}")
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success and answer.json()["state"] not in ("waiting", "running") else None

    # Questions

    def ask(self, question: str, *, replica: int | None = None, conversation_id: str | None = None) -> Asked:
        """Ask and listen to the end, or until the connection breaks."""
        asked = Asked(question)
        self.asked.append(asked)
        body = {"question": question} | ({"conversation_id": conversation_id} if conversation_id else {})
        try:
            with (
                self.client(replica) as client,
                client.stream("POST", "/ask", json=body, headers={"Accept": "text/event-stream"}) as answer,
            ):
                for event, data in _events(answer.iter_lines()):
                    asked.see(event, data)
        except httpx.TransportError:
            pass  # What was acknowledged until then is what counts.
        finally:
            asked.over.set()
        return asked

    def begin(self, question: str, *, count: int = 1, replica: int | None = None) -> tuple[Asked, ...]:
        """Ask so many times at once, each in a thread; returns when all have words."""
        before = len(self.asked)
        for _ in range(count):
            threading.Thread(target=self.ask, args=(question,), kwargs={"replica": replica}, daemon=True).start()
        until(lambda: len(self.asked) == before + count, "the questions to be asked")
        begun = tuple(self.asked[before:])
        until(lambda: all(asked.text or asked.over.is_set() for asked in begun), "the answers to begin")
        return begun

    # What is there

    def stored(self, asked: Asked) -> tuple[str, str, str] | None:
        """State, text and question as the database has them."""
        with psycopg.connect(self.stack.database_url) as connection:
            return connection.execute(_STORED, (asked.message_id,)).fetchone()

    def count(self, statement: str, *values: object) -> int:
        """One number out of the database."""
        with psycopg.connect(self.stack.database_url) as connection:
            row = connection.execute(statement, values).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return int(row[0])

    def part_at_work(self) -> Part | None:
        """The worker that carries out a job at this moment."""
        query = (
            "SELECT pid FROM processes JOIN jobs ON jobs.process_id = processes.id WHERE jobs.state = 'running' LIMIT 1"
        )
        with psycopg.connect(self.stack.database_url) as connection:
            row = connection.execute(query).fetchone()
        return next((part for part in self.stack.workers if row and part.pid == row[0]), None)

    def found(self, text: str, replica: int) -> tuple[tuple[Any, ...], ...]:
        """What a search finds at one replica, in order."""
        with self.client(replica) as client:
            passages = client.post("/search", json={"text": text, "limit": 10}).raise_for_status().json()["passages"]
        return tuple((each["document"], each["start"], each["end"], round(each["score"], 4)) for each in passages)

    def finds(self, name: str, replica: int) -> bool:
        """Whether a replica finds a document by its word, soon: it follows what others store."""
        deadline = time.monotonic() + FOLLOWS_S
        while not any(found[0] == name for found in self.found(self.documents[name], replica)):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True

    def degraded(self, replica: int) -> tuple[str, ...]:
        """What a replica says works less well; what is not ready with it."""
        url = f"http://127.0.0.1:{self.stack.replica_ports[replica]}/readyz"
        try:
            told = httpx.get(url, timeout=PATIENCE_S).json()
        except httpx.TransportError:
            return ("gone",)
        return (*told["not_ready"], *told["degraded"])


def until(look: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
    """What `look` returns once that is something; RuntimeError where it is nothing for so long."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {within_s:.0f} s for {what}")
        time.sleep(0.1)
    return found


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    event = ""
    for line in lines:
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield event, json.loads(line.removeprefix("data: "))


# The comparison


def problems_of(serving: Serving, *, chars_a_second: float) -> tuple[str, ...]:
    """Everything that was acknowledged and is not there, and every index that does not say what the database says.

    `chars_a_second` is how fast the model writes: a broken answer may lack what it wrote in a second.
    """
    return (*_lost_answers(serving, chars_a_second), *_lost_documents(serving), *_apart(serving))


def _lost_answers(serving: Serving, chars_a_second: float) -> Iterator[str]:
    for asked in serving.asked:
        if asked.message_id is None:
            continue
        stored = serving.stored(asked)
        if stored is None or stored[2] != asked.question:
            yield f"the question of answer {asked.message_id} is not there"
            continue
        state, text, _ = stored
        if asked.end == "answer_finished" and (state, text) != ("done", asked.text):
            yield f"answer {asked.message_id} was whole and is {state} with {len(text)} of {len(asked.text)} characters"
        elif asked.end is None and state not in _BROKEN:
            yield f"answer {asked.message_id} is left {state}"
        elif asked.end is None and len(asked.text) - len(text) > chars_a_second:
            yield f"of answer {asked.message_id} {len(asked.text) - len(text)} characters were received and not kept"


def _lost_documents(serving: Serving) -> Iterator[str]:
    replicas = range(len(serving.stack.replicas))
    for replica in replicas:
        with serving.client(replica) as client:
            listed = client.get("/documents", params={"collection": COLLECTION, "limit": 1000}).json()["documents"]
        names = {document["document"] for document in listed}
        for name in sorted(serving.documents.keys() - names):
            yield f"{name} was acknowledged and replica {replica + 1} does not list it"
    for name, word in serving.documents.items():
        for replica in replicas:
            if not serving.finds(name, replica):
                yield f"replica {replica + 1} does not find {name} by its word {word}"


def _apart(serving: Serving) -> Iterator[str]:
    """Replicas that find different things, and indexes that are behind."""
    for name, word in serving.documents.items():
        first, *others = (
            serving.found(f"What is said about {word}?", replica) for replica in range(len(serving.stack.replicas))
        )
        if any(other != first for other in others):
            yield f"the replicas find different passages for {name}"
    for replica in range(len(serving.stack.replicas)):
        if behind := _lag(serving.stack, replica):
            yield f"an index of replica {replica + 1} is {behind} documents behind"
    chunks = serving.count("SELECT count(*) FROM chunks")
    if (vectors := _vectors(serving.stack)) != chunks:
        yield f"Chroma has {vectors} vectors of {chunks} chunks"


def _lag(stack: Stack, replica: int) -> float:
    metrics = httpx.get(f"http://127.0.0.1:{stack.metrics_ports[replica]}/metrics", timeout=PATIENCE_S).text
    (line,) = (line for line in metrics.splitlines() if line.startswith("citewell_index_lag_documents "))
    return float(line.rpartition(" ")[2])


def _vectors(stack: Stack) -> int:
    url = f"{stack.chroma_url}/api/v2/tenants/default_tenant/databases/default_database/collections"
    with httpx.Client(timeout=PATIENCE_S) as client:
        ids = [collection["id"] for collection in client.get(url).raise_for_status().json()]
        return sum(int(client.get(f"{url}/{each}/count").raise_for_status().text) for each in ids)

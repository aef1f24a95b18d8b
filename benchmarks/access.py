"""What it costs to ask first who may read what: the scope of somebody in many groups, and the look at every hit."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from assistant.access import LOCAL_USER, Principal, Role, scope_of
from assistant.bootstrap import Citewell
from assistant.claims import Claims
from assistant.groups import Grant
from benchmarks.bench import Bench
from benchmarks.plain_chroma import PASSAGES
from benchmarks.report import Row, Target
from benchmarks.timing import elapsed_ms, latency_of
from retrieval.values import Scope

_COLLECTIONS, _GROUPS, _GROUPS_EACH = 20, 50, 5
_LARGE = 100_000
_WARM_UP = 20


def measure(bench: Bench) -> Iterator[Row]:
    """Each question with the scope asked for, and with it known; the hits of each looked at once more."""
    chunks = 400 if bench.quick else _LARGE
    with bench.synthetic(chunks, collections=_COLLECTIONS) as (citewell, corpus):
        person = _member_of_all(citewell)
        known = scope_of(person, citewell.library)
        assert len(known) == _COLLECTIONS
        for question in corpus.questions[:_WARM_UP]:
            _parts(citewell, person, known, question)
        questions = corpus.questions[: 20 if bench.quick else 400]
        taken = [_parts(citewell, person, known, question) for question in questions]
    scope, check, whole = np.array(taken).T
    added, size = latency_of(scope + check), f"{chunks:,} chunks in {_COLLECTIONS} collections"
    note = f"{added.count} questions; scope of a member of {_GROUPS} groups {np.median(scope):.2f}, hits {np.median(check):.3f}"
    yield Row(f"authorisation of a search p50, {size}", added.p50, "ms", Target(1), note)
    yield Row(f"authorisation of a search p95, {size}", added.p95, "ms")
    yield Row(f"the search itself p50, {size}", latency_of(whole).p50, "ms", note="with the same scope, known before")


def _parts(citewell: Citewell, person: Principal, known: Scope, question: str) -> tuple[float, float, float]:
    """Milliseconds for the scope, for the look at every hit that is read back from SQL, and for the whole search."""
    scope = elapsed_ms(partial(scope_of, person, citewell.library))
    whole = elapsed_ms(partial(citewell.search.passages, question, scope=known, limit=PASSAGES))
    found = citewell.search.rank(question, scope=known).candidates[: PASSAGES * 3]
    hits = citewell.library.hits([candidate.chunk_id for candidate in found], known)
    check = elapsed_ms(lambda: {id_: hit for id_, hit in hits.items() if hit.source.collection in known})
    return scope, check, whole


def _member_of_all(citewell: Citewell) -> Principal:
    """Somebody in fifty groups, five of which may read each collection. The home may know them from an earlier run."""
    groups, names = citewell.groups, tuple(f"Group {number}" for number in range(_GROUPS))
    claims = Claims("https://login.example", "member", "Member", "", names, Role.MEMBER, "one sign-in of the benchmark")
    person = citewell.accounts.recognise(claims).principal
    ids = [group.id for group in groups.list(LOCAL_USER) if group.name in names]
    for number, collection in enumerate(citewell.library.collections()):
        theirs = (ids[(number * _GROUPS_EACH + each) % len(ids)] for each in range(_GROUPS_EACH))
        groups.grant(collection.id, tuple(Grant(id_, None, may_edit=False) for id_ in theirs), LOCAL_USER)
    return person

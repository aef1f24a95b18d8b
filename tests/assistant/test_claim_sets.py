"""Claims made of documents are what their kind says, and the check is measured on them as a person would count."""

import json
from pathlib import Path

import pytest

from assistant.citation_evaluation import evaluate_citations
from assistant.claim_sets import PASSAGE_CHARS, LabelledClaim, make_claims, read_claims, write_claims
from assistant.quantities import find_quantities
from retrieval.errors import DatasetError
from tests.assistant.test_check_pairs import FALSE, PASSAGES, TRUE

COMPANY = Path(__file__).resolve().parents[2] / "examples" / "sources"
KINDS = {"verbatim", "contraction", "number form", "reordered", "synonym", "several"}
FALSE_KINDS = {"number", "date", "unit", "name", "negation", "comparison", "obligation"}


@pytest.fixture(scope="module")
def made() -> tuple[LabelledClaim, ...]:
    return tuple(make_claims([COMPANY], sentences=400))


def test_every_kind_of_claim_is_made_of_the_sample_company(made):
    assert {claim.kind for claim in made if claim.supported} >= KINDS
    assert {claim.kind for claim in made if not claim.supported} == FALSE_KINDS


def test_the_same_seed_makes_the_same_claims_and_another_makes_others(made):
    assert tuple(make_claims([COMPANY], sentences=400)) == made
    assert tuple(make_claims([COMPANY], sentences=400, seed=1)) != made


def test_a_passage_is_no_longer_than_one_that_is_cited_and_does_not_hold_what_is_false(made):
    assert all(len(claim.passage) <= PASSAGE_CHARS for claim in made)
    assert not [claim for claim in made if not claim.supported and claim.sentence in claim.passage]


def test_a_changed_number_has_another_value(made):
    for claim in made:
        if claim.kind == "number":
            stated = [each.quantity for each in find_quantities(claim.passage)]
            assert claim.sentence not in claim.passage
            assert find_quantities(claim.sentence)
            assert stated


def test_what_is_written_is_read_again(tmp_path, made):
    counts = write_claims(made, tmp_path / "claims.jsonl")
    assert read_claims(tmp_path / "claims.jsonl") == made
    assert sum(counts.values()) == len(made)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("note.md", "# Leave\n\nEverybody has 30 days of paid leave in a full year.\n"),
        ("note.txt", "Everybody has 30 days of paid leave in a full year."),
        ("corpus.jsonl", '{"_id": "a", "title": "", "text": "Everybody has 30 days of paid leave in a full year."}'),
    ],
)
def test_text_markdown_and_a_corpus_can_be_read_by_file_and_by_folder(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    by_file, by_folder = list(make_claims([tmp_path / name])), list(make_claims([tmp_path]))
    assert [claim.sentence for claim in by_file if claim.kind == "verbatim"] == [
        "Everybody has 30 days of paid leave in a full year."
    ]
    assert len(by_folder) == len(by_file)


@pytest.mark.parametrize("name", ["nothing", "tool.exe", "empty.md"])
def test_where_no_claim_can_be_made_it_is_said(tmp_path, name):
    (tmp_path / "tool.exe").write_bytes(b"MZ")
    (tmp_path / "empty.md").write_text("# Only a heading\n")
    with pytest.raises(DatasetError):
        list(make_claims([tmp_path / name]))


@pytest.mark.parametrize(
    "line",
    [
        "{broken",
        '{"sentence": "A.", "passage": "B."}',
        '{"sentence": "A.", "passage": "B.", "supported": "yes"}',
        '{"sentence": "", "passage": "B.", "supported": true}',
        '{"passage": "B.", "supported": true}',
        '{"sentence": "A.", "passage": 3, "supported": true}',
        '{"sentence": "A.", "passage": "B.", "supported": true, "kind": 3}',
    ],
)
def test_a_malformed_claim_is_named_by_its_line(tmp_path, line):
    good = '{"sentence": "A dog barks.", "passage": "A dog barks.", "supported": true, "kind": null}'
    (tmp_path / "claims.jsonl").write_text(f"{good}\n\n{line}\n")
    with pytest.raises(DatasetError, match="line 3"):
        read_claims(tmp_path / "claims.jsonl")


def test_the_figures_count_what_is_called_unsupported():
    passage = "The office opens at 9 am. Dogs are not allowed."
    claims = [
        LabelledClaim("The office opens at 9 am.", passage, True, "verbatim"),
        LabelledClaim("The office opens at 8 am.", passage, True, "verbatim"),
        LabelledClaim("The office opens at 7 am.", passage, False, "number"),
        LabelledClaim("Dogs are allowed.", passage, False, "negation"),
        LabelledClaim("Dogs are not allowed.", passage, False, "negation"),
        LabelledClaim("The office opens at 9 am.", passage, False),
    ]
    figures = evaluate_citations(claims).figures()
    assert (figures["precision"], figures["recall"]) == (0.6667, 0.5)
    assert (figures["claims"], figures["supported"], figures["unsupported"]) == (6, 2, 4)
    assert figures["by_kind"] == {
        "verbatim": {"n": 2, "flagged": 0.5},
        "negation": {"n": 2, "caught": 0.5},
        "number": {"n": 1, "caught": 1.0},
    }
    assert set(figures["latency_ms"]) == {"p50", "p95"}


def test_a_kind_of_both_sides_is_counted_for_each():
    passage = "Dogs are not allowed."
    claims = [LabelledClaim(passage, passage, True, "x"), LabelledClaim("Dogs are allowed.", passage, False, "x")]
    assert evaluate_citations(claims).figures()["by_kind"] == {
        "x (supported)": {"n": 1, "flagged": 0.0},
        "x (unsupported)": {"n": 1, "caught": 1.0},
    }


def test_where_nothing_is_false_there_is_no_recall():
    figures = evaluate_citations([LabelledClaim("A dog barks.", "A dog barks.", True)]).figures()
    assert (figures["precision"], figures["recall"], figures["by_kind"]) == (None, None, {})


def test_each_claim_can_be_looked_at_with_what_was_found():
    found = evaluate_citations([LabelledClaim("Dogs may stay 3 days.", "Dogs may stay 2 days.", False, "number")])
    (row,) = found.per_claim()
    assert (row["support"], row["quote"]) == ("contradicted", "Dogs may stay 2 days.")
    assert row["differences"] == [{"kind": "number", "claimed": "3 days", "stated": "2 days"}]
    assert json.dumps(row)


def test_the_check_does_as_well_on_the_sample_company_as_the_figures_say(made):
    kinds = evaluate_citations(made).figures()["by_kind"]
    assert all(kinds[kind]["caught"] >= 0.95 for kind in FALSE_KINDS - {"name"})
    assert kinds["verbatim"]["flagged"] == 0
    assert all(shares["flagged"] <= 0.05 for shares in kinds.values() if "flagged" in shares)


def test_the_pairs_written_by_hand_are_told_apart():
    claims = [LabelledClaim(sentence, PASSAGES[topic], True) for topic, sentence in TRUE]
    claims += [LabelledClaim(sentence, PASSAGES[topic], False) for topic, sentence in FALSE]
    figures = evaluate_citations(claims).figures()
    assert figures["precision"] >= 0.98
    assert figures["recall"] >= 0.97

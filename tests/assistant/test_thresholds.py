"""The file in which an organisation writes what a run must reach."""

from pathlib import Path

import pytest

from assistant.thresholds import ThresholdsRefused, missed, read_thresholds


def written(folder: Path, text: str, name: str = "t.toml") -> Path:
    file = folder / name
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.toml", '"recall@10" = { min = 0.9 }\n[p95_ms]\nmax = 200\n'),
        ("t.json", '{"recall@10": {"min": 0.9}, "p95_ms": {"max": 200}}'),
    ],
)
def test_toml_and_json_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    assert read_thresholds(written(tmp_path, text, name)) == {"recall@10": {"min": 0.9}, "p95_ms": {"max": 200.0}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no measure"),
        ("not toml", "is no TOML"),
        ('"recall@11" = { min = 1 }', "There is no measure 'recall@11'; the measures are ndcg@10"),
        ("right = 0.9", "needs min, max or both"),
        ("right = { least = 0.9 }", "needs min, max or both"),
        ("right = { min = true }", "are numbers"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ThresholdsRefused, match=said):
        read_thresholds(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThresholdsRefused, match="could not be read"):
        read_thresholds(tmp_path / "none.toml")


def test_a_bound_is_kept_at_the_limit_itself_and_missed_beyond_it_or_where_nothing_was_measured() -> None:
    thresholds = {"right": {"min": 0.9}, "p95_ms": {"min": 1.0, "max": 200.0}, "auroc": {"min": 0.5}}
    assert list(missed(thresholds, {"right": 0.9, "p95_ms": 200.0, "auroc": 0.6})) == []
    found = list(missed(thresholds, {"right": 0.89, "p95_ms": 201.0, "auroc": None}))
    assert [(each["measure"], each["bound"], each["measured"]) for each in found] == [
        ("right", "min", 0.89),
        ("p95_ms", "max", 201.0),
        ("auroc", "min", None),
    ]

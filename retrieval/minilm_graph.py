"""The ONNX graph of all-MiniLM-L6-v2, written from its published tensors.

The model is BERT (Devlin et al., 2019) with 6 layers, 12 heads, hidden size 384, GELU by the error
function and LayerNorm epsilon 1e-12, followed by the mean over the unmasked tokens and L2 norm.
Attention, BiasGelu and SkipLayerNormalization are ONNX Runtime's fused operators: 5 % faster on CPU
than the plain ones, equal to 1.4e-7.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

GRAPH_VERSION = 1
"""Raise it whenever `build_graph` changes what it writes."""

DIMENSION = 384
MAX_TOKENS = 256

_LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12
_FUSED = "com.microsoft"
_BLOCK = 32
_ZERO = 128
_BY_EIGHT_BITS = 4
"""ONNX Runtime's name for products whose other side is rounded to eight bits too."""
_IR_VERSION = 10
_OPSET = 20

Tensors = dict[str, NDArray[np.float32]]


def build_graph(tensors_file: Path, *, eight_bits: bool = False) -> bytes:
    """The serialised model: int64 `ids` and `mask` (batch, tokens) to float32 `embedding` (batch, 384).

    With `eight_bits` its weights are rounded to 256 steps: for a short text twice as fast, for many long ones no
    faster, and the embeddings are those of the exact weights up to a cosine of .998.
    """
    from onnx import TensorProto, helper
    from safetensors.numpy import load_file

    graph = (_EightBitGraph if eight_bits else _Graph)(load_file(tensors_file))
    hidden = graph.embeddings("ids")
    keys = graph.op("Cast", "mask", to=TensorProto.INT32)
    for layer in range(_LAYERS):
        hidden = graph.layer(hidden, keys, prefix=f"encoder.layer.{layer}")
    graph.pooled(hidden, output="embedding")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("ids", "mask")]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", DIMENSION])
    made = helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, [output], graph.constants)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants as they are added; every method returns the name of the value it produces."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def op(self, kind: str, *inputs: str, domain: str = "", output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def constant(self, array: NDArray[np.float32] | NDArray[np.int64] | NDArray[np.uint8]) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def tensor(self, name: str) -> str:
        return self.constant(self._tensors[name])

    def product(self, rows: str, *names: str) -> str:
        """The rows by the weights of these linear layers, side by side; they are published output-first."""
        return self.op("MatMul", rows, self.constant(self._weights(*names).T))

    def _weights(self, *names: str) -> NDArray[np.float32]:
        return np.concatenate([self._tensors[f"{name}.weight"] for name in names])

    def embeddings(self, ids: str) -> str:
        """Word, position and (first) segment embeddings, summed and normalised."""
        positions = self._tensors["embeddings.position_embeddings.weight"][:MAX_TOKENS]
        segment = self._tensors["embeddings.token_type_embeddings.weight"][0]
        zero = self.constant(np.array([0], np.int64))
        length = self.op("Shape", ids, start=1, end=2)
        place = self.op("Slice", self.constant(positions + segment), zero, length, zero)
        word = self.lookup("embeddings.word_embeddings", ids)
        norm = "embeddings.LayerNorm"
        scale, shift = self.tensor(f"{norm}.weight"), self.tensor(f"{norm}.bias")
        return self.op("LayerNormalization", self.op("Add", word, place), scale, shift, axis=-1, epsilon=_EPSILON)

    def lookup(self, name: str, ids: str) -> str:
        """The rows of a table with these numbers."""
        return self.op("Gather", self.constant(self._weights(name)), ids)

    def layer(self, hidden: str, keys: str, *, prefix: str) -> str:
        """One transformer layer: attention over the unmasked keys, then the feed-forward block."""
        parts = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
        context = self.attention(hidden, keys, *parts)
        hidden = self._add_and_normalise(context, hidden, prefix=f"{prefix}.attention.output")
        wide = self.product(hidden, f"{prefix}.intermediate.dense")
        bias = self.tensor(f"{prefix}.intermediate.dense.bias")
        active = self.op("BiasGelu", wide, bias, domain=_FUSED)
        return self._add_and_normalise(active, hidden, prefix=f"{prefix}.output")

    def pooled(self, hidden: str, *, output: str) -> str:
        """The mean over the unmasked tokens, of length 1."""
        first, last = (self.constant(np.array([axis], np.int64)) for axis in (1, 2))
        mask = self.op("CastLike", "mask", hidden)
        kept = self.op("Mul", hidden, self.op("Unsqueeze", mask, last))
        total = self.op("ReduceSum", kept, first, keepdims=0)
        mean = self.op("Div", total, self.op("ReduceSum", mask, first, keepdims=1))
        return self.op("LpNormalization", mean, axis=-1, p=2, output=output)

    def attention(self, hidden: str, keys: str, *parts: str) -> str:
        """Of every token to the unmasked ones; `parts` name the layers of queries, keys and values."""
        weights = self.constant(self._weights(*parts).T)
        return self.op("Attention", hidden, weights, self._biases(parts), keys, domain=_FUSED, num_heads=_HEADS)

    def _biases(self, names: Sequence[str]) -> str:
        return self.constant(np.concatenate([self._tensors[f"{name}.bias"] for name in names]))

    def _add_and_normalise(self, branch: str, hidden: str, *, prefix: str) -> str:
        made = self.product(branch, f"{prefix}.dense")
        scale, shift = self.tensor(f"{prefix}.LayerNorm.weight"), self.tensor(f"{prefix}.LayerNorm.bias")
        bias = self.tensor(f"{prefix}.dense.bias")
        return self.op("SkipLayerNormalization", made, hidden, scale, shift, bias, domain=_FUSED, epsilon=_EPSILON)


class _EightBitGraph(_Graph):
    """The same with every large table in blocks of numbers from 0 to 255, each block with its scale."""

    def product(self, rows: str, *names: str) -> str:
        weights = self._weights(*names)
        numbers, scales = _in_steps(weights)
        outputs, inputs = weights.shape
        blocks = self.constant(numbers.reshape(outputs, -1, _BLOCK))
        sizes: dict[str, Any] = {
            "N": outputs,
            "K": inputs,
            "bits": 8,
            "block_size": _BLOCK,
            "accuracy_level": _BY_EIGHT_BITS,
        }
        return self.op("MatMulNBits", rows, blocks, self.constant(scales.ravel()), domain=_FUSED, **sizes)

    def attention(self, hidden: str, keys: str, *parts: str) -> str:
        from onnx import helper

        made = self.product(hidden, *parts)
        apart = [f"{made}_{at}" for at in range(len(parts))]
        self.nodes.append(helper.make_node("Split", [made], apart, axis=-1, num_outputs=len(apart)))
        return self.op("MultiHeadAttention", *apart, self._biases(parts), keys, domain=_FUSED, num_heads=_HEADS)

    def lookup(self, name: str, ids: str) -> str:
        numbers, scales = _in_steps(self._weights(name))
        zeros = self.constant(np.full(scales.shape, _ZERO, np.uint8))
        inputs = (self.constant(numbers), ids, self.constant(scales), zeros)
        sizes: dict[str, Any] = {"gather_axis": 0, "quantize_axis": 1, "block_size": _BLOCK, "bits": 8}
        return self.op("GatherBlockQuantized", *inputs, domain=_FUSED, **sizes)


def _in_steps(weights: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Each row in blocks of 32: numbers around 128 and, by row and block, what a step is worth."""
    blocks = weights.reshape(len(weights), -1, _BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=-1), np.finfo(np.float32).tiny) / (_ZERO - 1)
    numbers = np.rint(blocks / scales[..., np.newaxis]) + _ZERO
    return numbers.astype(np.uint8).reshape(weights.shape), scales.astype(np.float32)

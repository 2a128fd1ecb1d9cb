"""BERT as an ONNX graph that ends at the last layer's states, written without torch or the onnx package.

Inputs ``input_ids`` and ``attention_mask``, (batch, length) int64; output ``last_hidden_state``, (batch, length,
width) float32.
Weights of an int8 checkpoint stay int8 in the file and are multiplied out when the graph is loaded. Opset 17.

A message of protocol buffers is a sequence of (field number, value); the numbers are those of onnx.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.transformer.checkpoint import Checkpoint

PLACE = "onnx/model.onnx"  # in the folder of a network, where optimum and sentence-transformers put it
_OPSET, _IR = 17, 8
_LARGEST = 1 << 31  # bytes of a message
_TYPES = {"float32": 1, "int8": 3, "int64": 7}
_HIDDEN = -1e9  # added to the attention of positions that are filled up


def write(checkpoint: Checkpoint, path: str | PathLike[str]) -> None:
    """Write the graph of an encoder, float32 or int8, without its language-model head.

    Raises:
        UsageError: It is larger than the 2 GB that one file may hold.
    """
    made = _Graph(checkpoint).model()
    if len(made) >= _LARGEST:
        raise UsageError(f"{path}: {len(made) / 1e9:.1f} GB, and one ONNX file holds 2; keep it for another runtime")
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(made)


class _Graph:
    def __init__(self, checkpoint: Checkpoint) -> None:
        self._arrays, self._shape = checkpoint.arrays, checkpoint.shape
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}

    def model(self) -> bytes:
        """The whole file."""
        self._build()
        graph: list[tuple[int, int | float | str | bytes]] = [
            *((1, node) for node in self._nodes),
            (2, "encoder"),
            *((5, tensor) for tensor in self._constants.values()),
            (11, _value("input_ids", "int64", ["batch", "length"])),
            (11, _value("attention_mask", "int64", ["batch", "length"])),
            (12, _value("last_hidden_state", "float32", ["batch", "length", self._shape.width])),
        ]
        return _message((1, _IR), (2, "gossamer"), (7, _message(*graph)), (8, _message((1, ""), (2, _OPSET))))

    def _build(self) -> None:
        shape = self._shape
        length = self._node("Gather", [self._node("Shape", ["input_ids"]), self._ints("one", [1])], axis=0)
        positions = self._constant("positions", self._positions())
        positions = self._node("Slice", [positions, self._ints("zero", [0]), length, self._ints("zero", [0])])
        x = self._norm(self._node("Add", [self._words(), positions]), "embeddings.norm")
        mask = self._node("Cast", ["attention_mask"], to=_TYPES["float32"])
        mask = self._node("Sub", [self._floats("1", 1), mask])
        mask = self._node("Mul", [mask, self._floats("hidden", _HIDDEN)])
        mask = self._node("Unsqueeze", [mask, self._ints("axes", [1, 2])])  # (batch, 1, 1, length)
        for number in range(shape.layers):
            layer = f"layers.{number}."
            x = self._norm(self._node("Add", [x, self._attention(x, mask, layer)]), layer + "attention_norm")
            inner = self._activation(self._linear(x, layer + "up"))
            x = self._norm(self._node("Add", [x, self._linear(inner, layer + "down")]), layer + "output_norm")
        self._node("Identity", [x], to="last_hidden_state")

    def _positions(self) -> npt.NDArray[np.float32]:
        found: npt.NDArray[np.float32] = self._arrays["embeddings.positions.weight"]
        types = self._arrays.get("embeddings.types.weight")
        return found if types is None else found + types[0]  # a text has one segment

    def _words(self) -> str:
        name = "embeddings.words"
        rows = self._node("Gather", [self._constant(f"{name}.weight"), "input_ids"], axis=0)
        if f"{name}.scale" not in self._arrays:
            return rows
        scales = self._arrays[f"{name}.scale"].astype(np.float32)[:, None]
        steps = self._node("Gather", [self._constant(f"{name}.scale", scales), "input_ids"], axis=0)
        return self._node("Mul", [self._node("Cast", [rows], to=_TYPES["float32"]), steps])

    def _attention(self, x: str, mask: str, layer: str) -> str:
        shape = self._shape
        depth = shape.width // shape.heads
        apart, together = self._ints("apart", [0, 0, shape.heads, depth]), self._ints("together", [0, 0, shape.width])

        def heads(name: str, order: Sequence[int]) -> str:
            return self._node("Transpose", [self._node("Reshape", [self._linear(x, layer + name), apart])], perm=order)

        query, key, value = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]), heads("value", [0, 2, 1, 3])
        scores = self._node("Mul", [self._node("MatMul", [query, key]), self._floats("scale", depth**-0.5)])
        shares = self._node("Softmax", [self._node("Add", [scores, mask])], axis=-1)
        mixed = self._node("Transpose", [self._node("MatMul", [shares, value])], perm=[0, 2, 1, 3])
        return self._linear(self._node("Reshape", [mixed, together]), layer + "attention")

    def _linear(self, x: str, name: str) -> str:
        weights = self._constant(f"{name}.weight")
        if f"{name}.scale" in self._arrays:
            scales = self._constant(f"{name}.scale", self._arrays[f"{name}.scale"].astype(np.float32))
            weights = self._node("DequantizeLinear", [weights, scales], axis=0)
        product = self._node("MatMul", [x, self._node("Transpose", [weights], perm=[1, 0])])
        return self._node("Add", [product, self._constant(f"{name}.bias")])

    def _norm(self, x: str, name: str) -> str:
        inputs = [x, self._constant(f"{name}.weight"), self._constant(f"{name}.bias")]
        return self._node("LayerNormalization", inputs, axis=-1, epsilon=self._shape.epsilon)

    def _activation(self, x: str) -> str:
        if self._shape.activation == "relu":
            return self._node("Relu", [x])
        share = self._node("Erf", [self._node("Mul", [x, self._floats("root", 0.5**0.5)])])
        share = self._node("Mul", [self._node("Add", [share, self._floats("1", 1)]), self._floats("half", 0.5)])
        return self._node("Mul", [x, share])

    def _node(self, kind: str, inputs: Sequence[str], *, to: Any = None, **attributes: Any) -> str:
        """Add a node; the name of its output, which is ``to`` of an Identity."""
        output = to if kind == "Identity" else f"{kind}.{len(self._nodes)}"
        if kind == "Cast":
            attributes["to"] = to
        made = ((5, _attribute(name, value)) for name, value in attributes.items())
        name = f"node.{len(self._nodes)}"
        self._nodes.append(_message(*((1, one) for one in inputs), (2, output), (3, name), (4, kind), *made))
        return str(output)

    def _constant(self, name: str, array: npt.NDArray[Any] | None = None) -> str:
        if name not in self._constants:
            self._constants[name] = _tensor(name, self._arrays[name] if array is None else array)
        return name

    def _ints(self, name: str, values: Sequence[int]) -> str:
        return self._constant(f"int.{name}", np.array(values, np.int64))

    def _floats(self, name: str, value: float) -> str:
        return self._constant(f"float.{name}", np.array(value, np.float32))


def _tensor(name: str, array: npt.NDArray[Any]) -> bytes:
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    dims = ((1, size) for size in array.shape)
    return _message(*dims, (2, _TYPES[array.dtype.name]), (8, name), (9, little.tobytes()))


def _value(name: str, kind: str, dims: Sequence[int | str]) -> bytes:
    shape = _message(*((1, _message((1 if isinstance(size, int) else 2, size))) for size in dims))
    return _message((1, name), (2, _message((1, _message((1, _TYPES[kind]), (2, shape))))))


def _attribute(name: str, value: Any) -> bytes:
    if isinstance(value, float):
        return _message((1, name), (2, value), (20, 1))
    if isinstance(value, int):
        return _message((1, name), (3, value), (20, 2))
    return _message((1, name), *((8, one) for one in value), (20, 7))


def _message(*fields: tuple[int, int | float | str | bytes]) -> bytes:
    """Fields in the order given."""
    made = bytearray()
    for number, value in fields:
        if isinstance(value, float):
            made += _varint(number << 3 | 5) + struct.pack("<f", value)
        elif isinstance(value, int):
            made += _varint(number << 3) + _varint(value & (1 << 64) - 1)  # negative ones in two's complement
        else:
            content = value.encode() if isinstance(value, str) else value
            made += _varint(number << 3 | 2) + _varint(len(content)) + content
    return bytes(made)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)

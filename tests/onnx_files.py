"""Tiny networks in ONNX, written byte by byte: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto."""

from collections.abc import Sequence
from typing import TypeAlias

Side: TypeAlias = "int | str"
_FLOAT, _INT64, _INTS = 1, 2, 7
_IR_VERSION, _OPSET = 8, 13


def brightness(
    height: Side = 320, width: Side = 320, *, channels: int = 3, pictures: int = 1
) -> bytes:
    """Returns a network whose mask is the brightest channel of each pixel."""
    attributes = _message(5, _text(1, "axes") + _number(8, 1) + _number(20, _INTS))
    attributes += _message(5, _text(1, "keepdims") + _number(3, 1) + _number(20, _INT64))
    node = _text(1, "picture") + _text(2, "mask") + _text(4, "ReduceMax") + attributes
    graph = _message(1, node) + _text(2, "figures")
    graph += _message(11, _tensor("picture", (pictures, channels, height, width)))
    graph += _message(12, _tensor("mask", (pictures, 1, height, width)))
    opset = _text(1, "") + _number(2, _OPSET)
    return _number(1, _IR_VERSION) + _message(7, graph) + _message(8, opset)


def _tensor(name: str, shape: Sequence[Side]) -> bytes:
    dimensions = b"".join(
        _message(1, _number(1, side) if isinstance(side, int) else _text(2, side)) for side in shape
    )
    kind = _number(1, _FLOAT) + _message(2, dimensions)
    return _text(1, name) + _message(2, _message(1, kind))


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())

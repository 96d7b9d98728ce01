"""Embeddings as bytes: safetensors, whose metadata names their encoder."""

import json

_LENGTH_BYTES = 8
TENSOR, ENCODER = "embedding", "encoder"
"""The name of the tensor, and the key of the metadata."""


def encoder_of(data: bytes) -> str:
    """Returns the checksum of the encoder of an embedding; empty for bytes that are not one."""
    start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    try:
        header = json.loads(data[_LENGTH_BYTES:start])
        end = int(header[TENSOR]["data_offsets"][1])
        return str(header["__metadata__"][ENCODER]) if start + end == len(data) else ""
    except (LookupError, TypeError, ValueError):
        return ""

"""Embeddings as bytes: safetensors, whose metadata names their encoder."""

import json

_LENGTH_BYTES = 8
TENSOR, ENCODER = "embedding", "encoder"
"""The name of the tensor, and the key of the metadata."""


def encoder_of(data: bytes) -> str:
    """Returns the checksum of the encoder of an embedding; empty for bytes that are none."""
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    try:
        header = json.loads(data[_LENGTH_BYTES : _LENGTH_BYTES + length])
        return str(header["__metadata__"][ENCODER])
    except (LookupError, TypeError, ValueError):
        return ""

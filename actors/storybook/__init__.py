"""The small checkpoint that ships with imggen, and the words it was trained on."""

from pathlib import Path

CHECKPOINT = Path(__file__).parent / "checkpoint"
"""The folder of the weights, in diffusers' layout."""

UPSCALER = CHECKPOINT / "upscaler" / "model.safetensors"
"""The weights of the upscaler, in the layout of SRVGGNetCompact."""

"""Measures the checkpoint: what `make evaluate-storybook` prints.

It draws what the pictures ought to be, so that nothing that generates pictures imports it.
"""

from pathlib import Path

AUDIT = Path(__file__).parent / "audit.safetensors"
"""The audit classifier's weights, which reading generated pictures takes and serving does not."""

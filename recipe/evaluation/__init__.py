"""Measures the checkpoint: `make evaluate-storybook` prints its report.

It draws the target pictures itself, so nothing that generates pictures may import it.
"""

from pathlib import Path

AUDIT = Path(__file__).parent / "audit.safetensors"
"""The audit classifier's weights, which only the evaluation needs."""

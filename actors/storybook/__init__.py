"""The small checkpoint that ships with imggen, and the words that it was trained on.

No code that runs the checkpoint is here: that is `actors.engine`; its trainer is `recipe`.
"""

from pathlib import Path

CHECKPOINT = Path(__file__).parent / "checkpoint"
"""The folder of the weights, in diffusers' layout."""

UPSCALER = CHECKPOINT / "upscaler" / "model.safetensors"
"""The weights of the upscaler, in the layout of SRVGGNetCompact."""

GUIDANCE, RESCALE = 1.5, 0.6
"""The checkpoint's sampling: classifier-free guidance, and phi of arXiv 2305.08891 (3.4).

Captions leave so little open that the prediction with one is nearly right by itself: from 2 up,
guidance mostly amplifies its errors, and flat colours become noisy.
"""

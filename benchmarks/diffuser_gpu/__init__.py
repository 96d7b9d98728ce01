"""The engine on a GPU: `python -m benchmarks.diffuser_gpu --batch B`, without Ray.

The whole architecture of SDXL-base with random weights, on which speed does not depend.
"""

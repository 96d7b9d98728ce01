"""Trains the storybook checkpoint from nothing, on pictures that the illustrator draws.

Its stages, in order: tokenizer, text, draw, vae, latents, unet, upscaler, encoder, adapter, judge,
audit, export. It is never imported at inference; `python -m recipe.train --help` explains
the command.
"""

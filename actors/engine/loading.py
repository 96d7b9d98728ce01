"""Loading: checked files become a pipeline on its device."""

from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from actors.engine.decoding import settle_vae
from actors.engine.encoder import load_processor
from actors.engine.shapes import check_adapter, check_shapes, check_single_file, empty_unet
from actors.engine.single import SingleFile
from actors.engine.source import Source, check_source
from actors.settings import DiffuserSettings

_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def load_pipeline(settings: DiffuserSettings) -> Any:
    """Loads the pipeline that the settings name, without its adapter, onto its device.

    Raises CheckpointRefused.
    """
    return load_source(settings, check_source(settings))


def load_source(settings: DiffuserSettings, source: Source) -> Any:
    """Loads a pipeline onto its device, without its adapter; blocks.

    Raises CheckpointRefused, before any weights are read, for tensors of another shape, and for a
    preprocessor that makes other pixels than its image encoder reads.
    """
    if settings.torch_threads:
        torch.set_num_threads(settings.torch_threads)
    # Both draw progress bars on stderr while they load, where a service has its log.
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    device = _device(settings)
    is_checked = _check(source)
    pipeline = _load(settings, source, _dtype(settings, device)).to(device)
    if source.adapter and not is_checked:
        check_adapter(source.adapter, pipeline.unet)
    settle_vae(pipeline.vae)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _load(settings: DiffuserSettings, source: Source, dtype: torch.dtype) -> Any:
    kind: Any = StableDiffusionXLPipeline  # untyped in diffusers 0.42
    model = source.model
    if isinstance(model, SingleFile):
        configs = settings.single_file_configs
        return kind.from_single_file(
            str(model.file), config=configs, dtype=dtype, add_watermarker=False
        )
    return kind.from_pretrained(
        settings.source,
        dtype=dtype,
        variant=(model.variant or None) if model else None,
        use_safetensors=True,
        add_watermarker=False,
    )


def _check(source: Source) -> bool:
    """Checks all that is known without the weights; returns whether the adapter's shapes were."""
    model, adapter = source.model, source.adapter
    if isinstance(model, SingleFile):
        check_single_file(model)
    elif model is not None:
        check_shapes(model)
    if adapter is None:
        return True
    load_processor(adapter.encoder)
    unet = empty_unet(model) if model else None
    if unet is not None:
        check_adapter(adapter, unet)
    return unet is not None


def _device(settings: DiffuserSettings) -> torch.device:
    if settings.device != "auto":
        return torch.device(settings.device)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _dtype(settings: DiffuserSettings, device: torch.device) -> torch.dtype:
    if settings.dtype != "auto":
        return _DTYPES[settings.dtype]
    return torch.float16 if device.type == "cuda" else torch.float32

"""How pictures were enlarged, as the database has it."""

from collections.abc import Mapping
from typing import Any

from server.domain.upscales import Upscaling


def upscaling_json(upscaling: Upscaling | None) -> dict[str, Any]:
    """Returns how a picture was enlarged as JSON; empty for None."""
    if upscaling is None:
        return {}
    return {"tile": upscaling.tile, "ran_out_at": list(upscaling.ran_out_at)}


def read_upscaling(value: Mapping[str, Any] | None) -> Upscaling | None:
    """Reads how a picture was enlarged; None where no model was asked to."""
    return Upscaling(value["tile"], tuple(value["ran_out_at"])) if value else None

"""The limits of a request: what its caller allows to draw it."""

from datetime import datetime

from imggen.rules.checks import Checks
from imggen.rules.limits import read_deadline, read_floor, read_max_cost, read_provider
from imggen.v1.generation_pb2 import GenerationOptions
from server.domain.limits import Limits
from server.routing.catalogue import Catalogue


def read_limits(
    checks: Checks, options: GenerationOptions, catalogue: Catalogue, now: datetime
) -> Limits:
    """Reads what a request asks of the model; violations go to `checks`."""
    providers = dict.fromkeys(row.provider for row in catalogue.models)
    return Limits(
        model=options.model,
        provider=read_provider(checks, options.provider, providers),
        min_score=read_floor(checks, options.min_quality, catalogue.floors),
        complete_by=read_deadline(checks, options, now),
        max_cost_micros=read_max_cost(checks, options),
    )

"""Limits: what a caller allows to draw a picture, kept with its job for as long as it lives."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request asks of the model; empty strings, 0 and None leave it to the service.

    `model` and `provider` pin the choice; `seeded` leaves only models that take seeds, since the
    request names one. `min_score` is how good the model must be, 0 to 5, and
    `max_cost_micros` what all attempts together may cost. `key` decides whether a canary draws it,
    the same way at each choice.
    """

    model: str = ""
    provider: str = ""
    min_score: float = 0.0
    complete_by: datetime | None = None
    max_cost_micros: int | None = None
    key: str = ""
    seeded: bool = False

    @property
    def pinned(self) -> bool:
        """Whether a model or a provider is named."""
        return bool(self.model or self.provider)

    def to_json(self) -> dict[str, Any]:
        """Returns the limits as JSON for the database."""
        return {
            "model": self.model,
            "provider": self.provider,
            "min_score": self.min_score,
            "complete_by": self.complete_by.isoformat() if self.complete_by else None,
            "max_cost_micros": self.max_cost_micros,
            "key": self.key,
            "seeded": self.seeded,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Reads limits back; a job that has none, since it is older, may be drawn by any model."""
        until = data.get("complete_by")
        return cls(
            model=data.get("model", ""),
            provider=data.get("provider", ""),
            min_score=data.get("min_score", 0.0),
            complete_by=datetime.fromisoformat(until) if until else None,
            max_cost_micros=data.get("max_cost_micros"),
            key=data.get("key", ""),
            seeded=data.get("seeded", False),
        )


NO_LIMITS = Limits()
"""Those of a caller who leaves everything to the service."""

"""The settings of a worker."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from actors.settings.profiles import ProfileSettings
from server.databases import DatabaseSettings
from server.domain.states import Lane
from server.routing.settings import RoutingSettings
from server.safety.settings import SafetySettings
from server.traces import TraceSettings

MEASURED: Literal["measured"] = "measured"
"""The slots of the local lane that the diffusers themselves have measured."""
SlotCount = int | Literal["measured"]
_READ_AT_ONCE = 4
_UPSCALED_AT_ONCE = 1


class WorkerSettings(
    DatabaseSettings, RoutingSettings, SafetySettings, TraceSettings, ProfileSettings
):
    """How a worker claims and routes jobs; storage, extractor and providers have their own."""

    worker_name: str = Field(
        "", description="The worker's name in leases and logs; empty for host and process id."
    )
    worker_log_file: Path | None = Field(
        None, description="The file of the worker's log; unset means stderr, which Ray keeps."
    )
    lease_s: float = Field(30.0, gt=0, description="How long a claim holds without a heartbeat.")
    heartbeat_s: float = Field(
        10.0, gt=0, description="How often the leases of all running jobs are renewed."
    )
    poll_s: float = Field(
        2.0, gt=0, description="How often a worker looks for jobs whose signal was lost."
    )
    model_sleeps: bool = Field(
        False,
        description="Whether Serve may stop all diffusers while nothing waits, as with "
        "`min_replicas: 0`. A job then starts one, and estimates count how long that takes.",
    )
    drain_s: float = Field(
        20.0,
        gt=0,
        description="How long running jobs may still take once the worker is told to stop.",
    )
    unchecked_s: float = Field(
        3600.0,
        ge=0,
        description="How long a job waits for a classifier that is away before it fails with "
        "CHECK_UNAVAILABLE, or for the key that signs pictures before it fails with "
        "SIGNING_UNAVAILABLE; no picture is drawn unchecked, or delivered unsigned. Time in which "
        "no worker looks does not count.",
    )
    no_offer_s: float = Field(
        120.0,
        ge=0,
        description="How long a job waits while no model may draw it, before it fails with "
        "NO_ELIGIBLE_OFFER, or while no budget covers it, before it fails with BUDGET_EXHAUSTED. "
        "Time in which no worker looks does not count.",
    )
    moderated_tries_next_offer: bool = Field(
        False,
        description="Whether a job that a provider refused by its policy is taken to its next "
        "offer, within its caller's limits, rather than failing with CONTENT_POLICY. A picture "
        "that is refused after it was drawn is paid, and a job is paid for twice at most.",
    )
    record_steps: int = Field(
        5,
        ge=0,
        description="After each so many steps a local render leaves a record in the storage, from "
        "which another attempt goes on where the diffuser or the worker is lost; 0 for none. It "
        "is removed with the end of its job.",
    )
    record_after_s: float = Field(
        2.0,
        ge=0,
        description="How long a render takes before it leaves records: one that is faster is "
        "begun again.",
    )
    slots: dict[str, SlotCount] = Field(
        default={
            Lane.LOCAL.value: MEASURED,
            Lane.HOSTED.value: 8,
            Lane.READ.value: _READ_AT_ONCE,
            Lane.UPSCALE.value: _UPSCALED_AT_ONCE,
        },
        description="How many jobs run at once by lane, as JSON. Local ones share the steps of a "
        "diffuser: `measured` is as many as the diffusers draw at once by their own measurement, "
        "shared among the workers, and one more for every 4, which is prepared or finished "
        "meanwhile; 2 until they say so. A lane without a model is not served. `read` is how many "
        "pages of plans are read at once: 4 where it is left out, 0 for none. `upscale` is how "
        "many print assets are made anew at once: 1 where it is left out, 0 for none.",
    )
    print_by_model: bool = Field(
        False,
        description="Whether the print asset of every new picture is enlarged by the upscaler all "
        "the way, and not by Lanczos from the display asset's size on. It is for GPUs: without one "
        "it takes about 10 seconds of two cores a picture. Either way `UpscaleImage` does so for "
        "one image.",
    )

    @property
    def served_slots(self) -> dict[str, SlotCount]:
        """The slots of the lanes that the catalogue has a model in, of plans and of upscales."""
        lanes = {Lane.READ, Lane.UPSCALE, *(row.lane for row in self.catalogue().models)}
        others = {Lane.READ.value: _READ_AT_ONCE, Lane.UPSCALE.value: _UPSCALED_AT_ONCE}
        slots: dict[str, SlotCount] = {**others, **self.slots}
        return {lane: number for lane, number in slots.items() if lane in lanes}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for lane, number in self.slots.items():
            if number == MEASURED and lane != Lane.LOCAL:
                raise ValueError(
                    f'IMGGEN_SLOTS: "{lane}" is "measured"; use a number: only a diffuser, in the '
                    "local lane, measures how many it draws at once"
                )
        if self.heartbeat_s * 2 > self.lease_s:
            raise ValueError(
                f"IMGGEN_HEARTBEAT_S: {self.heartbeat_s:g} s lets a lease of {self.lease_s:g} s "
                "run out after one lost heartbeat; use half of IMGGEN_LEASE_S or less"
            )
        return self

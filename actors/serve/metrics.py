"""Metrics of workers and diffusers, which Ray exports as `ray_NAME` on each node's metrics port."""

from collections.abc import Callable, Mapping, Sequence

from ray.util.metrics import Counter, Gauge, Histogram

from actors.worker.metrics import Ending
from server.domain.states import Lane, Stage
from server.safety.texts import TextStage

_CLAIM_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
_WAIT_S = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0]
_STAGE_S = [0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0]
_STEP_S = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
_TILE_S = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0]


class RayRefusals:
    """Counts refused texts."""

    def __init__(self) -> None:
        self._counter = Counter(
            "imggen_refused_texts",
            description="Texts that workers refused, by where they were checked and why.",
            tag_keys=("stage", "category", "rule"),
        )

    def count(self, stage: TextStage, category: str, rule: str) -> None:
        """Counts a text that was refused."""
        self._counter.inc(tags={"stage": stage.value, "category": category, "rule": rule})


class RayRefusedPictures:
    """Counts refused pictures."""

    def __init__(self) -> None:
        self._counter = Counter(
            "imggen_refused_pictures",
            description="Pictures that a classifier refused, by its name and for what.",
            tag_keys=("classifier", "category"),
        )

    def count(self, classifier: str, category: str) -> None:
        """Counts a picture that was refused."""
        self._counter.inc(tags={"classifier": classifier, "category": category})


class RayWorkerMetrics:
    """Exports what a worker measures."""

    def __init__(self) -> None:
        self._slots = Gauge(
            "imggen_slots", "The slots of a worker: how many jobs it runs at once.", ("lane",)
        )
        self._used = Gauge("imggen_slots_in_use", "The slots that run a job.", ("lane",))
        self._claim = Histogram(
            "imggen_claim_seconds", "How long a claim took.", _CLAIM_S, ("lane",)
        )
        self._waited = Histogram(
            "imggen_queue_wait_seconds",
            "How long a job waited, from when it was queued to its first claim.",
            _WAIT_S,
            ("lane",),
        )
        self._stage = Histogram(
            "imggen_stage_seconds",
            "How long a stage of a completed attempt took.",
            _STAGE_S,
            ("lane", "stage"),
        )
        self._ended = Counter(
            "imggen_ended_attempts",
            "Attempts that have ended, by how, and why they failed.",
            ("lane", "outcome", "reason"),
        )
        self._lost = Counter(
            "imggen_lost_leases", "Attempts that lost their lease before their end.", ("lane",)
        )
        self._rescued = Counter(
            "imggen_rescued_jobs", "Jobs that were taken from workers whose leases ran out."
        )
        self._skew = Gauge(
            "imggen_clock_skew_seconds",
            "By how much the clock of a worker's machine is ahead of the database's.",
        )

    def use(self, lane: Lane, used: int, slots: int) -> None:
        """Sets the slots of a lane, and how many are in use."""
        self._slots.set(slots, {"lane": lane})
        self._used.set(used, {"lane": lane})

    def claim(self, lane: Lane, seconds: float, waited_s: Sequence[float]) -> None:
        """Adds a claim, and the waits that it ended."""
        self._claim.observe(seconds, {"lane": lane})
        for wait in waited_s:
            self._waited.observe(wait, {"lane": lane})

    def measure(self, lane: Lane, stage_ms: Mapping[Stage, int]) -> None:
        """Adds the stages of a completed attempt."""
        for stage, ms in stage_ms.items():
            self._stage.observe(ms / 1000, {"lane": lane, "stage": stage})

    def end(self, lane: Lane, ending: Ending, reason: str = "") -> None:
        """Counts an attempt that has ended, and its lease if that was lost."""
        self._ended.inc(tags={"lane": lane, "outcome": ending, "reason": reason})
        if ending is Ending.LOST:
            self._lost.inc(tags={"lane": lane})

    def rescue(self) -> None:
        """Counts a job that was taken from another worker."""
        self._rescued.inc()

    def skew(self, ahead_s: float) -> None:
        """Sets how far the clock is ahead."""
        self._skew.set(ahead_s)


class RayTileMetrics:
    """Exports what an upscaler measures."""

    def __init__(self) -> None:
        self._tile = Histogram(
            "imggen_tile_seconds",
            "How long the upscaler took for a tile of a picture, without the first.",
            _TILE_S,
            (),
        )

    def tile(self, seconds: float) -> None:
        """Adds a tile."""
        self._tile.observe(seconds)


class RayRenderMetrics:
    """Exports what a diffuser measures."""

    def __init__(self, memory: Callable[[], Mapping[str, int]]) -> None:
        """Takes what tells the bytes of the device by what holds them; none without a GPU."""
        self._read_memory = memory
        self._step = Histogram(
            "imggen_step_seconds",
            "How long a step of a render took, without the first.",
            _STEP_S,
            ("model",),
        )
        self._memory = Gauge(
            "imggen_gpu_memory_bytes",
            "Memory of the diffuser's GPU: of its tensors now and at most, reserved, in all.",
            ("kind",),
        )

    def step(self, model: str, seconds: float) -> None:
        """Adds a step."""
        self._step.observe(seconds, {"model": model})

    def look(self) -> None:
        """Reads the memory of the device."""
        for kind, number in self._read_memory().items():
            self._memory.set(number, {"kind": kind})

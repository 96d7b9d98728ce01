"""The plain pipeline after Serve's own batches."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import ray
import torch
from ray import serve

from actors.engine.loading import load_pipeline
from actors.settings import DiffuserSettings
from benchmarks.engines.systems import MOST, drawn, request

_GATHERED_S = 0.05
_WAIT_S = 600.0


class Batched:
    """The plain pipeline with Serve's own batches; to be deployed."""

    def __init__(self, threads: int) -> None:
        self._pipeline = load_pipeline(DiffuserSettings(torch_threads=threads))
        self._thread = ThreadPoolExecutor(1)

    @serve.batch(max_batch_size=MOST, batch_wait_timeout_s=_GATHERED_S)
    async def draw(self, asked: list[tuple[int, int]]) -> list[bytes]:
        """Returns the PNGs of those that came while the last batch was drawn."""
        requests = [request(*one) for one in asked]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, drawn, self._pipeline, requests)

    async def __call__(self, asked: tuple[int, int]) -> bytes:
        """Returns a PNG."""
        png: bytes = await self.draw(asked)
        return png


class Served:
    """Runs Ray with one replica of Batched, with as many threads as this process."""

    def __enter__(self) -> Self:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        start: Any = serve.start
        start(proxy_location="Disabled")  # no port is taken
        deploy: Any = serve.deployment(max_ongoing_requests=10_000)
        app = deploy(Batched).bind(torch.get_num_threads())
        self._handle: Any = serve.run(app, name="batched", route_prefix=None)
        self.draw(2, 0)
        return self

    def draw(self, steps: int, seed: int) -> bytes:
        """Returns a PNG; blocks."""
        png: bytes = self._handle.remote((steps, seed)).result(timeout_s=_WAIT_S)
        return png

    def __exit__(self, *_: object) -> None:
        shutdown: Any = serve.shutdown  # untyped in ray 2.60
        shutdown()
        ray.shutdown()

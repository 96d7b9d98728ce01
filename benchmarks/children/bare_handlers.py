"""The baseline: bare grpc.aio handlers, which answer at once, after two INSERTs or after a SELECT.

They implement the gateway's methods, so that the same load generator measures both. Each
answer of `insert` has committed one row in each of two tables with the columns of the
gateway's jobs and images but only a primary key: no other index, foreign key or check. Each
answer of `select` is that of the gateway to `GetJob`, after the gateway's own statement, which
runs once for each call. The handlers read no token, validate nothing and log nothing.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import grpc
import grpc.aio

from benchmarks.processes import say_ready
from imggen.v1 import job_pb2
from imggen.v1.generation_pb2 import (
    GeneratePortraitRequest,
    GeneratePortraitResponse,
    GenerateSceneResponse,
    GenerateStoryResponse,
    RegenerateImageResponse,
    UpscaleImageResponse,
)
from imggen.v1.generation_pb2_grpc import (
    GenerationServiceServicer,
    add_GenerationServiceServicer_to_server,
)
from imggen.v1.job_pb2 import GetJobRequest, GetJobResponse
from server.domain.ids import JobId
from server.forecast.jobs import Forecast
from server.replies.messages import Replies
from server.routing.catalogue import KNOWN, Catalogue
from server.stopping import stop_signal
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store.database import Executor, Record
from server.store.jobs import Jobs
from server.store.session import session_settings

Get = Callable[[GetJobRequest, Any], Awaitable[GetJobResponse]]
Context = grpc.aio.ServicerContext[Any, Any]

TABLES = """
CREATE SCHEMA IF NOT EXISTS bare;
CREATE TABLE IF NOT EXISTS bare.jobs (LIKE image_generation_jobs INCLUDING DEFAULTS);
CREATE TABLE IF NOT EXISTS bare.images (LIKE images INCLUDING DEFAULTS);
ALTER TABLE bare.jobs DROP COLUMN estimated_cost, DROP COLUMN actual_cost, ADD PRIMARY KEY (id);
ALTER TABLE bare.images DROP COLUMN generation_cost_usd, ADD PRIMARY KEY (id);
"""

_JOB = """
INSERT INTO bare.jobs (
  id, user_id, image_id, kind, lane, priority, spec, spec_version, ai_provider, ai_model,
  estimated_micros, request_id, request_hash
) VALUES ($1, $2, $3, 'portrait', 'local', 2, $4, 1, 'local', 'storybook', 0, $5, $6)
"""

_IMAGE = """
INSERT INTO bare.images (
  id, user_id, image_type, ai_provider, ai_model, character_id, character_ids, style,
  style_version, seed, lineage_id
) VALUES ($1, $2, 'portrait', 'local', 'storybook', $3, $4, 'storybook', 1, 7, $1)
"""

# As long as the spec of a portrait's job.
_SPEC = json.dumps({"image_type": "portrait", "content": "x" * 900})
_DIGEST = bytes(32)


class OnePortrait(GenerationServiceServicer):
    """A servicer of portraits; the other methods are UNIMPLEMENTED."""

    async def GenerateScene(self, request: object, context: Context) -> GenerateSceneResponse:
        """Aborts with UNIMPLEMENTED."""
        return await context.abort(grpc.StatusCode.UNIMPLEMENTED)

    async def GenerateStory(self, request: object, context: Context) -> GenerateStoryResponse:
        """Aborts with UNIMPLEMENTED."""
        return await context.abort(grpc.StatusCode.UNIMPLEMENTED)

    async def RegenerateImage(self, request: object, context: Context) -> RegenerateImageResponse:
        """Aborts with UNIMPLEMENTED."""
        return await context.abort(grpc.StatusCode.UNIMPLEMENTED)

    async def UpscaleImage(self, request: object, context: Context) -> UpscaleImageResponse:
        """Aborts with UNIMPLEMENTED."""
        return await context.abort(grpc.StatusCode.UNIMPLEMENTED)


class Echo(OnePortrait):
    """A servicer that answers at once."""

    async def GeneratePortrait(
        self, request: GeneratePortraitRequest, context: Context
    ) -> GeneratePortraitResponse:
        """Returns a job that does not exist."""
        return GeneratePortraitResponse(job=job_pb2.Job(job_id=str(uuid4())))


class TwoInserts(OnePortrait):
    """A servicer that answers after a transaction with two INSERTs."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._user = uuid4()

    async def GeneratePortrait(
        self, request: GeneratePortraitRequest, context: Context
    ) -> GeneratePortraitResponse:
        """Returns the committed job."""
        job, image, character = uuid4(), uuid4(), UUID(request.character_id)
        key = UUID(request.request_id)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_JOB, job, self._user, image, _SPEC, key, _DIGEST)
            await connection.execute(_IMAGE, image, self._user, character, [character])
        return GeneratePortraitResponse(
            job=job_pb2.Job(job_id=str(job), image_id=str(image), model="storybook")
        )


class OneSelect:
    """Answers `GetJob` as the gateway does, after one SELECT."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._jobs = Jobs(cast(Executor, pool))
        unused = FolderStorage(Path(), UrlSigner("unused", ""))
        forecast, catalogue = Forecast(self._jobs.outlook), Catalogue(KNOWN.values())
        self._replies = Replies(forecast, unused, timedelta(hours=1), catalogue)

    async def get_job(self, request: GetJobRequest, _context: Context) -> GetJobResponse:
        """Returns the job."""
        job = await self._jobs.get(None, JobId(UUID(request.job_id)))
        assert job is not None
        return GetJobResponse(job=await self._replies.job(job))


async def get_job(request: GetJobRequest, _context: Context) -> GetJobResponse:
    """Returns at once a job with as many fields as the gateway's."""
    job = job_pb2.Job(
        job_id=request.job_id,
        image_id=request.job_id,
        kind=job_pb2.JOB_KIND_PORTRAIT,
        status=job_pb2.JOB_STATUS_QUEUED,
        priority=2,
        max_retries=3,
        model="storybook",
        provider="local",
    )
    job.created_at.GetCurrentTime()
    job.estimated_completion_time.GetCurrentTime()
    return GetJobResponse(job=job)


def _handler(get: Get) -> grpc.GenericRpcHandler:
    handler = grpc.unary_unary_rpc_method_handler(
        get, GetJobRequest.FromString, GetJobResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler("imggen.v1.JobService", {"GetJob": handler})


async def _prepare(connection: "asyncpg.Connection[Record]") -> None:
    await connection.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )


async def _keep(_connection: "asyncpg.Connection[Record]") -> None:
    """Saves the round trip that resets a session, as in the gateway's pool."""


def _pool(kind: str, database_url: str, connections: int) -> "asyncpg.Pool[asyncpg.Record]":
    if kind != "select":
        return asyncpg.create_pool(database_url, min_size=1, max_size=connections)
    return asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=connections,
        init=_prepare,
        reset=_keep,
        server_settings=session_settings(),
    )


async def _serve(kind: str, database_url: str, connections: int, ready_file: Path) -> None:
    async with _pool(kind, database_url, connections) as pool:
        server = grpc.aio.server()
        servicer = TwoInserts(pool) if kind == "insert" else Echo()
        add_GenerationServiceServicer_to_server(servicer, server)
        get = OneSelect(pool).get_job if kind == "select" else get_job
        server.add_generic_rpc_handlers((_handler(get),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        with stop_signal() as stop:
            say_ready(ready_file, grpc=f"127.0.0.1:{port}")
            await stop.wait()
        await server.stop(None)


def main() -> None:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.children.bare_handlers", description=__doc__
    )
    parser.add_argument("kind", choices=["echo", "insert", "select"])
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--ready-file", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(_serve(options.kind, options.database_url, options.connections, options.ready_file))


if __name__ == "__main__":
    main()

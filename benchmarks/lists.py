"""How long a page of a list takes a user with very many jobs; memory while stories are listed."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import asyncpg
import grpc

from benchmarks.environment import (
    BenchEnvironment,
    GatewayUnderTest,
    gateway_process,
    gateway_under_test,
)
from benchmarks.many_jobs import FEW, MAIN, SMALL, SMALL_PAGE, fill
from benchmarks.report import Figure, Target
from imggen.v1.image_pb2 import ListImagesRequest
from imggen.v1.image_pb2_grpc import ImageServiceStub
from imggen.v1.job_pb2 import JOB_STATUS_FAILED, JOB_STATUS_QUEUED, ListJobsRequest
from imggen.v1.job_pb2_grpc import JobServiceStub
from imggen.v1.metadata_pb2 import MetadataFilter
from imggen.v1.story_pb2 import (
    STORY_VIEW_FULL,
    CreateStoryRequest,
    ListStoriesRequest,
    Page,
    Story,
)
from imggen.v1.story_pb2_grpc import StoryServiceStub
from server.domain.ids import UserId

PAGE = Target(25.0)
MEMORY = Target(250.0)
_LISTERS = 3
_STORY = Story(title="The fox", pages=[Page(text="\N{FOX FACE}" * 2_600)] * 200)


def measure(bench: BenchEnvironment) -> Iterator[Figure]:
    """Lists jobs and images by their filters, then the largest stories on another gateway."""
    with gateway_under_test(bench) as gateway:
        jobs = bench.sized(100_000, 2_000)
        asyncio.run(_fill(gateway, jobs))
        yield from _pages(gateway, jobs, bench.sized(100, 5))
        yield _memory(bench, gateway, bench.sized(35, 2))


async def _fill(gateway: GatewayUnderTest, jobs: int) -> None:
    connection = await asyncpg.connect(gateway.database_url)
    try:
        user: UUID = await connection.fetchval("SELECT id FROM users")
    finally:
        await connection.close()
    await fill(gateway.database_url, UserId(user), jobs)


def _pages(gateway: GatewayUnderTest, jobs: int, calls: int) -> Iterator[Figure]:
    key, value = FEW
    pair = MetadataFilter(key=key, value=value)
    ended = [JOB_STATUS_FAILED, JOB_STATUS_QUEUED]
    with grpc.insecure_channel(gateway.address) as channel:
        of_jobs, of_images = JobServiceStub(channel).ListJobs, ImageServiceStub(channel).ListImages
        for name, method, request in (
            ("ListJobs", of_jobs, ListJobsRequest()),
            ("ListJobs by story", of_jobs, ListJobsRequest(story_id=str(SMALL))),
            ("ListJobs by two statuses", of_jobs, ListJobsRequest(statuses=ended)),
            ("ListJobs by metadata", of_jobs, ListJobsRequest(metadata=pair)),
            ("ListImages by page", of_images, ListImagesRequest(page_id=str(SMALL_PAGE))),
            ("ListImages by character", of_images, ListImagesRequest(character_id=str(MAIN))),
        ):
            times = [_milliseconds(method, request, gateway.token) for _ in range(calls)]
            yield Figure.median(name, times, "ms", PAGE, f"pages of 50, {jobs:,} jobs")


def _memory(bench: BenchEnvironment, gateway: GatewayUnderTest, stories: int) -> Figure:
    metadata = _credentials(gateway.token)
    with grpc.insecure_channel(gateway.address) as channel:
        for _ in range(stories):
            request = CreateStoryRequest(story=_STORY)
            StoryServiceStub(channel).CreateStory(request, metadata=metadata)
    with gateway_process(bench, gateway.database_url) as running:
        with ThreadPoolExecutor(_LISTERS) as threads:
            listed = [
                threads.submit(_list_stories, running.says["grpc"], gateway.token, stories)
                for _ in range(_LISTERS)
            ]
            for one in listed:
                one.result()
        peak = running.peak_mib()
    note = f"{_LISTERS} callers list {stories} stories of 2 MiB at once"
    return Figure.median("gateway, peak memory", [peak], "MiB", MEMORY, note)


def _list_stories(address: str, token: str, stories: int) -> None:
    request = ListStoriesRequest(view=STORY_VIEW_FULL, page_size=100)
    left = stories
    with grpc.insecure_channel(address) as channel:
        while left > 0:
            page = StoryServiceStub(channel).ListStories(request, metadata=_credentials(token))
            left -= sum(story.page_count == len(_STORY.pages) for story in page.stories)
            request.page_token = page.next_page_token


def _milliseconds(method: Callable[..., object], request: object, token: str) -> float:
    began = time.perf_counter()
    method(request, metadata=_credentials(token))
    return (time.perf_counter() - began) * 1000


def _credentials(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)

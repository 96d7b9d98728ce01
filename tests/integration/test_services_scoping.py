"""No method gives access to another caller's resources: every method, every id it takes.

The tables hold an entry for each; a new method or a new id without one fails a test.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import astuple
from typing import Any

import grpc
import grpc.aio
import pytest

from imggen.errors import ImggenError
from imggen.status import error_of
from imggen.v1 import event_pb2
from server.domain.ids import UserId
from tests.contract import ask, is_resource_id, methods, path_of, request_fields
from tests.endpoint import failure
from tests.integration.callers import Caller
from tests.integration.gateway_fixture import GatewayFixture, new_id
from tests.integration.owned_resources import (
    LISTED,
    NAMED,
    PLANNED_COVERS,
    OwnedResources,
    owned_resources,
)

# Ids that only the service sets; a request's are ignored (test_services_fields tests that).
NOT_READ = {
    ("CharacterService.CreateCharacter", "character.id"),
    ("CharacterService.CreateCharacter", "character.reference_image_id"),
    ("CharacterService.UpdateCharacter", "character.reference_image_id"),
    ("StoryService.CreateStory", "story.id"),
    ("StoryService.CreateStory", "story.pages.id"),
}

# Streams of the caller's own changes: they take no id and have no end.
FOLLOWED = {"EventService.WatchEvents"}

# Methods whose answers are the same for everybody.
PUBLIC = {"StyleService.ListStyles", "RoutingService.ListProviders"}

# Methods whose scope is no resource, or everybody's; test_services_budgets, test_settled_calls,
# test_services_admin and test_admin_actions have who may name which.
SCOPED = {
    "AdminService.CancelJobs",
    "AdminService.DrainWorker",
    "AdminService.GetJobHistory",
    "AdminService.GetOverview",
    "AdminService.ListAdminActions",
    "AdminService.PauseLane",
    "AdminService.RequeueJobs",
    "AdminService.ResumeLane",
    "BudgetService.GetBudget",
    "BudgetService.SetBudget",
    "BudgetService.ListUnsettledCalls",
    "BudgetService.SettleCall",
}


def without_an_entry(known: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Returns the ids, lists and methods of the contract that have no entry in a table."""
    found = set()
    for name, method in methods().items():
        places = [
            path for path, field in request_fields(method.input_type) if is_resource_id(field)
        ]
        if method.name.startswith("List") or not places:
            places.append("")
        found |= {(name, place) for place in places if name not in PUBLIC | FOLLOWED | SCOPED}
    return found - set(known)


def test_every_id_and_every_list_of_the_contract_has_an_entry() -> None:
    known = [*NAMED, *LISTED, *NOT_READ]
    assert without_an_entry(known) == set()
    forgotten = ("JobService.CancelJob", "job_id")
    assert without_an_entry(entry for entry in known if entry != forgotten) == {forgotten}
    assert {name for name, _ in known} | PUBLIC | FOLLOWED | SCOPED == set(methods())


@pytest.mark.parametrize("case", NAMED, ids=".".join)
async def test_an_id_of_another_caller_is_not_found(
    gateway: GatewayFixture, mia: Caller, tom: Caller, case: tuple[str, str]
) -> None:
    own, others = await owned_resources(gateway, mia), await owned_resources(gateway, tom)
    nobodys = OwnedResources(*(new_id() for _ in range(9)))
    before = await _everything(gateway, tom.user_id)

    of_another = await _refused(gateway, mia, case, own, others)
    # It changed nothing before it refused.
    assert await _everything(gateway, tom.user_id) == before
    of_nobody = await _refused(gateway, mia, case, own, nobodys)
    for refused, named in (of_another, others), (of_nobody, nobodys):
        assert refused is not None
        assert refused.code is grpc.StatusCode.NOT_FOUND
        [(field, id_)] = refused.metadata.items()
        assert field in ("character_id", "story_id", "page_id", "image_id", "job_id", "batch_id")
        assert id_ in astuple(named)
    # Reports count errors by their message, so it names no id.
    assert of_another is not None
    assert of_nobody is not None
    assert of_another.message == of_nobody.message
    # The request itself is valid, or the refusals above would prove nothing.
    assert case in PLANNED_COVERS or await _refused(gateway, mia, case, own, own) is None


async def test_lists_hold_only_the_callers_own(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    own, others = await owned_resources(gateway, mia), await owned_resources(gateway, tom)
    newcomer = gateway.caller("newcomer")
    for case, make in LISTED.items():
        hers = await _rows(gateway, mia, case, make(own, own))
        his = await _rows(gateway, tom, case, make(others, others))
        assert hers, case
        assert his, case
        assert not hers & his, case
        assert await _rows(gateway, newcomer, case, make(own, others)) == set(), case
        if case[1]:
            assert await _rows(gateway, mia, case, make(own, others)) == set(), case


async def test_events_are_only_of_the_callers_own(
    gateway: GatewayFixture, mia: Caller, tom: Caller
) -> None:
    await owned_resources(gateway, tom)
    own = await owned_resources(gateway, mia)
    last = await mia.portrait(own.character)
    async with asyncio.timeout(60):
        for method in FOLLOWED:
            assert method == "EventService.WatchEvents"
            seen = [event async for event in _until(mia.follow("oldest"), last.job_id)]
    assert {event.user_id for event in seen} == {str(mia.user_id)}
    assert {event.job.job_id or event.image.image_id for event in seen} >= {
        *(own.image, own.job, own.failed_job, own.waiting_job)
    }


async def test_no_method_answers_without_a_token(gateway: GatewayFixture) -> None:
    channel = gateway.channel()
    for name, method in methods().items():
        kind: Any = channel.unary_stream if method.server_streaming else channel.unary_unary
        call = kind(path_of(method))(b"")
        await call.code()
        refused = await failure(call)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "TOKEN_MISSING",
        ), name


async def _until(call: Any, job_id: str) -> AsyncIterator[event_pb2.Event]:
    """Yields the events of a stream before the first one of a job."""
    while (event := (await call.read()).event).job.job_id != job_id:
        if not event.HasField("checkpoint"):
            yield event
    call.cancel()


async def _refused(
    gateway: GatewayFixture,
    caller: Caller,
    case: tuple[str, str],
    own: OwnedResources,
    any_: OwnedResources,
) -> ImggenError | None:
    try:
        await ask(gateway.channel(), methods()[case[0]], NAMED[case](own, any_), caller.metadata)
    except grpc.aio.AioRpcError as error:
        return error_of(error, method=case[0], target="", timeout=None)
    return None


async def _everything(gateway: GatewayFixture, user: UserId) -> list[list[str]]:
    """Returns every row of a user."""
    tables = ("characters", "stories", "images", "image_generation_jobs", "batches", "outbox")
    return [
        [
            str(row)
            for row in await gateway.store.database.fetch(
                f"SELECT * FROM {table} WHERE user_id = $1 ORDER BY id", user
            )
        ]
        for table in tables
    ]


async def _rows(
    gateway: GatewayFixture, caller: Caller, case: tuple[str, str], request: Any
) -> set[str]:
    answer = await ask(gateway.channel(), methods()[case[0]], request, caller.metadata)
    [rows] = [value for field, value in answer.ListFields() if field.is_repeated] or [[]]
    names = {"JobService": "job_id", "BatchService": "batch_id", "BudgetService": "key"}
    name = names.get(case[0].split(".")[0], "id")
    return {getattr(row, name) for row in rows}

"""AdminService: what operators see of the whole installation, and do to its jobs."""

import logging
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from imggen.rules.admin import (
    Target,
    read_lane,
    read_target,
    read_worker,
    target_of,
    unknown_worker,
)
from imggen.rules.budgets import role_required
from imggen.rules.checks import Checks
from imggen.rules.missing import missing_job
from imggen.rules.paging import key_of, read_page, refuse_token, token_after_key
from imggen.v1 import admin_pb2, admin_pb2_grpc
from server.admission.steering import Requeued, Steering
from server.domain.actions import Action, ActionId, ActionKind, NewAction, Selection
from server.domain.ids import JobId, UserId
from server.domain.states import Lane
from server.identity.caller import Caller, Context, Role, caller
from server.replies.actions import action as action_message
from server.replies.admin import overview
from server.replies.history import history
from server.replies.messages import Replies
from server.requests.request_key import request_key
from server.routing.catalogue import Catalogue
from server.store import Store

_log = logging.getLogger(__name__)


class AdminService(admin_pb2_grpc.AdminServiceServicer):
    """Shows and steers all users' jobs; callers without the role admin are refused."""

    def __init__(
        self, store: Store, replies: Replies, steering: Steering, catalogue: Catalogue
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._replies = replies
        self._steering = steering

    async def GetOverview(
        self, request: admin_pb2.GetOverviewRequest, context: Context
    ) -> admin_pb2.GetOverviewResponse:
        """Returns what the whole installation does."""
        _admin()
        found = await self._store.overviews.get()
        return overview(replace(found, health=self._catalogue.offered(found.health)))

    async def GetJobHistory(
        self, request: admin_pb2.GetJobHistoryRequest, context: Context
    ) -> admin_pb2.GetJobHistoryResponse:
        """Returns the history of a job of any user."""
        _admin()
        checks = Checks()
        job = checks.complete(checks.id("job_id", request.job_id, JobId))
        found = await self._store.histories.of_job(job)
        if found is None:
            raise missing_job(job)
        return history(found, await self._replies.job(found.job))

    async def CancelJobs(
        self, request: admin_pb2.CancelJobsRequest, context: Context
    ) -> admin_pb2.CancelJobsResponse:
        """Cancels the open jobs of a user."""
        who, checks = _admin(), Checks()
        asked = checks.id("user_id", request.user_id, UserId)
        key = request_key(checks, request)
        user = checks.complete(asked)
        if request.dry_run:
            selected = await self._store.selections.open_jobs(user, None)
            return admin_pb2.CancelJobsResponse(jobs=sum(len(one.jobs) for one in selected))
        new = NewAction(who.user_id, ActionKind.CANCEL_JOBS, target_of(user), key)
        begun = await self._steering.begin(new)
        selected = await self._store.selections.open_jobs(user, begun.at)
        await self._steering.cancel(begun.id, selected)
        done = await self._done(begun.id)
        return admin_pb2.CancelJobsResponse(action=action_message(done), jobs=done.jobs)

    async def RequeueJobs(
        self, request: admin_pb2.RequeueJobsRequest, context: Context
    ) -> admin_pb2.RequeueJobsResponse:
        """Queues failed jobs again."""
        who, checks = _admin(), Checks()
        asked = read_target(checks, request)
        key = request_key(checks, request)
        target, allowed = checks.complete(asked), request.allow_unknown_calls
        requeue = partial(self._steering.requeue, repeat_unknown=allowed)
        if request.dry_run:
            return _requeued(await requeue(None, await self._failed(target, None)))
        kind = ActionKind.REQUEUE_JOBS
        new = NewAction(who.user_id, kind, str(target), key, allow_unknown_calls=allowed)
        begun = await self._steering.begin(new)
        found = await requeue(begun.id, await self._failed(target, begun.at))
        return _requeued(found, await self._done(begun.id))

    async def PauseLane(
        self, request: admin_pb2.PauseLaneRequest, context: Context
    ) -> admin_pb2.PauseLaneResponse:
        """Pauses a lane."""
        who, checks = _admin(), Checks()
        lane = Lane(checks.complete(read_lane(checks, request.lane)))
        begun = await self._steering.pause(lane, who.user_id)
        return admin_pb2.PauseLaneResponse(action=await self._told(begun))

    async def ResumeLane(
        self, request: admin_pb2.ResumeLaneRequest, context: Context
    ) -> admin_pb2.ResumeLaneResponse:
        """Resumes a lane."""
        who, checks = _admin(), Checks()
        lane = Lane(checks.complete(read_lane(checks, request.lane)))
        begun = await self._steering.resume(lane, who.user_id)
        return admin_pb2.ResumeLaneResponse(action=await self._told(begun))

    async def DrainWorker(
        self, request: admin_pb2.DrainWorkerRequest, context: Context
    ) -> admin_pb2.DrainWorkerResponse:
        """Tells a worker to claim no more."""
        who, checks = _admin(), Checks()
        name = checks.complete(read_worker(checks, request.name))
        begun = await self._steering.drain(name, who.user_id)
        if begun is None and not await self._store.workers.known(name):
            unknown_worker(checks, name)
            raise checks.refused()
        return admin_pb2.DrainWorkerResponse(action=await self._told(begun))

    async def ListAdminActions(
        self, request: admin_pb2.ListAdminActionsRequest, context: Context
    ) -> admin_pb2.ListAdminActionsResponse:
        """Returns a page of what admins did."""
        _admin()
        checks = Checks()
        page = checks.complete(read_page(checks, request))
        found = await self._store.actions.page(_place(checks, key_of(checks, page)), page.size + 1)
        shown = found[: page.size]
        return admin_pb2.ListAdminActionsResponse(
            actions=[action_message(one) for one in shown],
            next_page_token=token_after_key(request, str(shown[-1].id))
            if len(found) > len(shown)
            else "",
        )

    async def _failed(self, target: Target, until: datetime | None) -> list[Selection]:
        if target.user_id is not None:
            user = UserId(UUID(target.user_id))
            return await self._store.selections.failed_of_user(user, until)
        jobs = [JobId(UUID(one)) for one in target.job_ids]
        return await self._store.selections.failed_named(jobs, until)

    async def _told(self, begun: ActionId | None) -> admin_pb2.AdminAction | None:
        return None if begun is None else action_message(await self._done(begun))

    async def _done(self, begun: ActionId) -> Action:
        done = await self._store.actions.get(begun)
        fields = {"action_id": str(done.id), "kind": done.kind, "target": done.target}
        _log.info("admin action", extra={**fields, "jobs": done.jobs, "by": str(done.by)})
        return done


def _requeued(found: Requeued, done: Action | None = None) -> admin_pb2.RequeueJobsResponse:
    return admin_pb2.RequeueJobsResponse(
        action=action_message(done) if done else None,
        jobs=done.jobs if done else found.jobs,
        skipped_jobs=found.skipped,
        unknown_call_jobs=found.unknown,
        stopped=found.stopped,
    )


def _admin() -> Caller:
    """Returns the caller; raises PermissionDenied for one who is not an admin."""
    who = caller()
    if not who.is_admin:
        raise role_required(Role.ADMIN)
    return who


def _place(checks: Checks, key: str | None) -> ActionId | None:
    """Returns the action after which a page begins; None for the first page."""
    if key is None:
        return None
    try:
        return ActionId(UUID(key))
    except ValueError:
        refuse_token(checks)
        raise checks.refused() from None

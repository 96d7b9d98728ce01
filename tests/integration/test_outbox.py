"""The outbox: every change is in it, none is lost, and those of one object keep their order."""

from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from server.domain.changes import Change, ChangedKind, Cursor, Scope, Stretch
from server.domain.ids import UserId
from server.domain.jobs import Claim, Failure, NewJob
from server.domain.states import Lane
from server.store import Store
from server.store.outbox import Expired
from tests.builders import new_job, new_user, outcome

START = Cursor(0, 0)
ALL = Scope()
_TOUCH = "UPDATE image_generation_jobs SET status = status WHERE id = $1"
_CANCEL = (
    "UPDATE image_generation_jobs SET status = 'cancelled', completed_at = now() WHERE id = $1"
)
_QUEUE = "UPDATE image_generation_jobs SET status = 'queued', completed_at = NULL WHERE id = $1"


async def test_every_status_of_a_job_and_its_image_is_told(store: Store) -> None:
    user = await new_user(store)
    order = await _submit(store, user)
    claim = await _claim(store)
    failure = Failure("RENDER_FAILED", "the model failed")
    await store.leases.fail(claim, failure, retryable=True, backoff=timedelta(0))
    claim = await _claim(store)
    assert await store.leases.release([claim]) == [order.id]
    claim = await _claim(store)
    await store.leases.fail(claim, failure, retryable=False, backoff=timedelta(0))
    assert await store.jobs.retry(user, order.id, None) is not None
    assert await store.jobs.cancel(user, order.id)
    assert await store.jobs.retry(user, order.id, None) is not None
    assert await store.leases.complete(await _claim(store), outcome())
    await store.images.delete(user, order.image_id)

    changes = (await _read(store)).changes
    assert _statuses(changes, order.id) == [
        *("queued", "processing", "queued", "processing", "queued", "processing", "failed"),
        *("queued", "cancelled", "queued", "processing", "completed"),
    ]
    assert _statuses(changes, order.image_id) == [
        *("generating", "queued", "generating", "queued", "generating", "failed"),
        *("queued", "cancelled", "queued", "generating", "completed", "deleted"),
    ]
    assert {change.user_id for change in changes} == {user}
    assert {change.image_id for change in changes if change.kind is ChangedKind.JOB} == {
        order.image_id
    }


async def test_what_changes_no_status_is_not_told(store: Store) -> None:
    user = await new_user(store)
    order = await _submit(store, user)
    claim = await _claim(store)
    before = await _read(store)
    await store.leases.heartbeat([claim], timedelta(seconds=30))
    assert await store.jobs.cancel(user, order.id)  # asks its worker to
    assert (await _read(store, before.end)).changes == []
    await store.images.delete(user, order.image_id)
    # A deleted image changes no more.
    assert await store.leases.complete(claim, outcome())
    assert _statuses((await _read(store, before.end)).changes, order.image_id) == ["deleted"]


async def test_a_batch_is_told_of_when_it_comes_and_when_its_status_changes(store: Store) -> None:
    user = await new_user(store)
    batch = uuid4()
    for statement in (
        "INSERT INTO batches (id, user_id, style) VALUES ($1, $2, 'anime')",
        # Neither the same batch again nor a change of something else is told of.
        "INSERT INTO batches (id, user_id, style) VALUES ($1, $2, 'anime') ON CONFLICT DO NOTHING",
        "UPDATE batches SET style = 'cartoon' WHERE id = $1 AND user_id = $2",
        "UPDATE batches SET status = 'completed', completed_at = now()"
        " WHERE id = $1 AND user_id = $2",
    ):
        await store.database.execute(statement, batch, user)
    changes = (await _read(store)).changes
    assert [(one.kind, one.object_id, one.status) for one in changes] == [
        (ChangedKind.BATCH, batch, "processing"),
        (ChangedKind.BATCH, batch, "completed"),
    ]


async def test_a_refused_statement_tells_of_nothing(store: Store) -> None:
    user = await new_user(store)
    await _submit(store, user)
    old = await _claim(store)
    await store.leases.release([old])
    before = await _read(store)
    assert not await store.leases.complete(old, outcome())
    assert (await _read(store, before.end)).changes == []


async def test_what_an_open_transaction_tells_comes_late_and_is_not_lost(store: Store) -> None:
    user = await new_user(store)
    async with store.transaction() as slow:
        first = new_job(user)
        await slow.jobs.submit(first)
        # It began later, has a later id, and commits first.
        second = await _submit(store, user)
        seen = await _read(store)
    assert seen.changes == []
    rest = await _read(store, seen.end)
    assert [change.object_id for change in rest.changes] == [first.id, second.id]
    assert (await _read(store, rest.end)).changes == []


async def test_changes_of_one_object_come_in_the_order_of_their_commits(store: Store) -> None:
    user = await new_user(store)
    order, other = await _submit(store, user), await _submit(store, user)
    before = await _read(store)
    async with store.database.transaction() as first:
        # This transaction begins to write before the one below, and changes the job after it.
        await first.execute(_TOUCH, other.id)
        async with store.database.transaction() as second:
            await second.execute(_CANCEL, order.id)
        await first.execute(_QUEUE, order.id)
    assert _statuses((await _read(store, before.end)).changes, order.id) == [
        "cancelled",
        "queued",
    ]


async def test_an_object_s_changes_are_never_seen_without_those_before(store: Store) -> None:
    user = await new_user(store)
    order, other = await _submit(store, user), await _submit(store, user)
    before = await _read(store)
    async with AsyncExitStack() as opened:
        first = await opened.enter_async_context(store.database.transaction())
        await first.execute(_TOUCH, other.id)
        async with store.database.transaction() as blocker:
            await blocker.execute(_TOUCH, (await _submit(store, user)).id)
            async with store.database.transaction() as second:
                await second.execute(_CANCEL, order.id)
            await first.execute(_QUEUE, order.id)
            await opened.aclose()
            # All that ran before `blocker` has ended; the cancel came after it began.
            part = await _read(store, before.end)
            assert _statuses(part.changes, order.id) == []
    rest = await _read(store, part.end)
    assert _statuses(rest.changes, order.id) == ["cancelled", "queued"]


async def test_a_read_goes_on_where_the_one_before_ended(store: Store) -> None:
    user = await new_user(store)
    orders = [await _submit(store, user) for _ in range(7)]
    seen, stretch = [], Stretch([], START, full=True)
    while stretch.full:
        stretch = await store.outbox.read(stretch.end, 3, ALL)
        seen += [change.object_id for change in stretch.changes]
    assert seen == [order.id for order in orders]


async def test_a_scope_holds_one_user_and_some_kinds(store: Store) -> None:
    mia, tom = await new_user(store), await new_user(store)
    hers, his = await _submit(store, mia), await _submit(store, tom)
    await _claim(store)
    await _claim(store)
    assert {change.object_id for change in (await _read(store)).changes} == {
        *(hers.id, hers.image_id, his.id, his.image_id)
    }
    of_hers = await store.outbox.read(START, 100, Scope(mia))
    assert {change.object_id for change in of_hers.changes} == {hers.id, hers.image_id}
    images = await store.outbox.read(START, 100, Scope(tom, frozenset({ChangedKind.IMAGE})))
    assert [change.object_id for change in images.changes] == [his.image_id]


async def test_old_changes_are_swept_and_who_missed_them_is_told(store: Store) -> None:
    user = await new_user(store)
    await _submit(store, user)
    seen = await _read(store)
    old = await _submit(store, user)
    await store.database.execute("UPDATE outbox SET at = now() - interval '8 days'")
    new = await _submit(store, user)

    assert await store.outbox.sweep(timedelta(days=7)) == 2
    assert await store.outbox.sweep(timedelta(days=7)) == 0
    with pytest.raises(Expired):
        await store.outbox.read(seen.end, 100, ALL)
    kept = await store.outbox.read(await store.outbox.oldest(), 100, ALL)
    assert [change.object_id for change in kept.changes] == [new.id]
    assert old.id != new.id


async def test_what_nobody_may_see_yet_is_not_swept(store: Store) -> None:
    user = await new_user(store)
    async with store.transaction() as slow:
        await slow.jobs.submit(new_job(user))
        hidden = await _submit(store, user)
        await store.database.execute("UPDATE outbox SET at = now() - interval '8 days'")
        assert await store.outbox.sweep(timedelta(days=7)) == 0
    assert hidden.id in {change.object_id for change in (await _read(store)).changes}


async def test_a_dump_of_another_server_is_followed_from_here_on(store: Store) -> None:
    user = await new_user(store)
    order = await _submit(store, user)
    far = 1 << 40  # a transaction that this server has not had
    await store.database.execute("UPDATE outbox SET xact = $1", far)
    await store.database.execute("UPDATE image_generation_jobs SET changed_in = $1", far)
    with pytest.raises(Expired):
        await store.outbox.read(Cursor(far, 1), 100, ALL)

    await store.outbox.sweep(timedelta(days=7))
    newest = await store.outbox.newest()
    with pytest.raises(Expired):
        await store.outbox.read(START, 100, ALL)
    assert await store.jobs.cancel(user, order.id)
    stretch = await store.outbox.read(newest, 100, ALL)
    assert _statuses(stretch.changes, order.id) == ["cancelled"]


async def _submit(store: Store, user: UserId) -> NewJob:
    order = new_job(user)
    assert await store.jobs.submit(order) is not None
    return order


async def _claim(store: Store) -> Claim:
    [claim] = await store.leases.claim("worker", Lane.LOCAL, 1, timedelta(seconds=60))
    return claim


async def _read(store: Store, after: Cursor = START) -> Stretch:
    return await store.outbox.read(after, 1000, ALL)


def _statuses(changes: object, object_id: UUID) -> list[str]:
    assert isinstance(changes, list)
    found: list[Change] = changes
    return [change.status for change in found if change.object_id == object_id]

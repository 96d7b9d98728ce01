"""The outbox: it holds every change, loses none, and keeps those of one object in order."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from server.domain.changes import Change, ChangedKind, Cursor, Scope, Stretch
from server.domain.ids import UserId
from server.domain.jobs import Claim, Failure, NewJob
from server.domain.states import Lane
from server.metrics import GatewayMetrics
from server.store import Store
from server.store.outbox import Expired
from server.upkeep.stalls import StallNotices
from server.watching.feed import Feed
from tests.builders import new_job, new_user, outcome

START = Cursor(0, 0)
ALL = Scope()
_TOUCH = "UPDATE image_generation_jobs SET status = status WHERE id = $1"
_CANCEL = (
    "UPDATE image_generation_jobs SET status = 'cancelled', completed_at = now() WHERE id = $1"
)
_QUEUE = "UPDATE image_generation_jobs SET status = 'queued', completed_at = NULL WHERE id = $1"


async def test_every_status_of_a_job_and_its_image_is_written(store: Store) -> None:
    user = await new_user(store)
    new = await _submit(store, user)
    claim = await _claim(store)
    failure = Failure("RENDER_FAILED", "the model failed")
    await store.leases.fail(claim, failure, retryable=True, backoff=timedelta(0))
    claim = await _claim(store)
    assert await store.leases.release([claim]) == [new.id]
    claim = await _claim(store)
    await store.leases.fail(claim, failure, retryable=False, backoff=timedelta(0))
    assert await store.jobs.retry(user, new.id, None) is not None
    assert await store.jobs.cancel(user, new.id)
    assert await store.jobs.retry(user, new.id, None) is not None
    assert await store.leases.complete(await _claim(store), outcome())
    await store.images.delete(user, new.image_id)

    changes = (await _read(store)).changes
    assert _statuses(changes, new.id) == [
        *("queued", "processing", "queued", "processing", "queued", "processing", "failed"),
        *("queued", "cancelled", "queued", "processing", "completed"),
    ]
    assert _statuses(changes, new.image_id) == [
        *("generating", "queued", "generating", "queued", "generating", "failed"),
        *("queued", "cancelled", "queued", "generating", "completed", "deleted"),
    ]
    assert {change.user_id for change in changes} == {user}
    assert {change.image_id for change in changes if change.kind is ChangedKind.JOB} == {
        new.image_id
    }


async def test_a_write_without_a_status_change_is_not_written(store: Store) -> None:
    user = await new_user(store)
    new = await _submit(store, user)
    claim = await _claim(store)
    before = await _read(store)
    await store.leases.heartbeat([claim], timedelta(seconds=30))
    assert await store.jobs.cancel(user, new.id)  # only requests it of the worker
    assert (await _read(store, before.end)).changes == []
    await store.images.delete(user, new.image_id)
    # A deleted image has no later changes.
    assert await store.leases.complete(claim, outcome())
    assert _statuses((await _read(store, before.end)).changes, new.image_id) == ["deleted"]


async def test_a_batch_is_written_at_its_admission_and_its_status_changes(store: Store) -> None:
    user = await new_user(store)
    batch = uuid4()
    for statement in (
        "INSERT INTO batches (id, user_id, style) VALUES ($1, $2, 'anime')",
        # Neither the same batch again nor another column's change is written.
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


async def test_a_refused_statement_writes_nothing(store: Store) -> None:
    user = await new_user(store)
    await _submit(store, user)
    old = await _claim(store)
    await store.leases.release([old])
    before = await _read(store)
    assert not await store.leases.complete(old, outcome())
    assert (await _read(store, before.end)).changes == []


async def test_changes_of_an_open_transaction_come_late_and_are_not_lost(store: Store) -> None:
    user = await new_user(store)
    async with store.transaction() as slow:
        first = new_job(user)
        await slow.submits.submit(first)
        # This one began later, has a later id, and commits first.
        second = await _submit(store, user)
        seen = await _read(store)
    assert seen.changes == []
    rest = await _read(store, seen.end)
    assert [change.object_id for change in rest.changes] == [first.id, second.id]
    assert (await _read(store, rest.end)).changes == []


async def test_changes_of_one_object_come_in_the_order_of_their_commits(store: Store) -> None:
    user = await new_user(store)
    new, other = await _submit(store, user), await _submit(store, user)
    before = await _read(store)
    async with store.database.transaction() as first:
        # This transaction begins to write before the one below, and changes the job after it.
        await first.execute(_TOUCH, other.id)
        async with store.database.transaction() as second:
            await second.execute(_CANCEL, new.id)
        await first.execute(_QUEUE, new.id)
    assert _statuses((await _read(store, before.end)).changes, new.id) == [
        "cancelled",
        "queued",
    ]


async def test_changes_of_an_object_are_never_seen_without_earlier_ones(store: Store) -> None:
    user = await new_user(store)
    new, other = await _submit(store, user), await _submit(store, user)
    before = await _read(store)
    async with AsyncExitStack() as opened:
        first = await opened.enter_async_context(store.database.transaction())
        await first.execute(_TOUCH, other.id)
        async with store.database.transaction() as blocker:
            await blocker.execute(_TOUCH, (await _submit(store, user)).id)
            async with store.database.transaction() as second:
                await second.execute(_CANCEL, new.id)
            await first.execute(_QUEUE, new.id)
            await opened.aclose()
            # All transactions before `blocker` have ended; the cancel began after it.
            part = await _read(store, before.end)
            assert _statuses(part.changes, new.id) == []
    rest = await _read(store, part.end)
    assert _statuses(rest.changes, new.id) == ["cancelled", "queued"]


async def test_a_read_starts_where_the_previous_one_ended(store: Store) -> None:
    user = await new_user(store)
    new_jobs = [await _submit(store, user) for _ in range(7)]
    seen, stretch = [], Stretch([], START, full=True)
    while stretch.full:
        stretch = await store.outbox.read(stretch.end, 3, ALL)
        seen += [change.object_id for change in stretch.changes]
    assert seen == [new.id for new in new_jobs]


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


async def test_a_cursor_before_swept_changes_is_refused(store: Store) -> None:
    user = await new_user(store)
    await _submit(store, user)
    seen = await _read(store)
    old = await _submit(store, user)
    await store.database.execute("UPDATE outbox SET at = now() - interval '8 days'")
    recent = await _submit(store, user)

    assert await store.outbox.sweep(timedelta(days=7)) == 2
    assert await store.outbox.sweep(timedelta(days=7)) == 0
    with pytest.raises(Expired):
        await store.outbox.read(seen.end, 100, ALL)
    kept = await store.outbox.read(await store.outbox.oldest(), 100, ALL)
    assert [change.object_id for change in kept.changes] == [recent.id]
    assert old.id != recent.id


async def test_changes_that_are_not_visible_yet_are_not_swept(store: Store) -> None:
    user = await new_user(store)
    async with store.transaction() as slow:
        await slow.submits.submit(new_job(user))
        hidden = await _submit(store, user)
        await store.database.execute("UPDATE outbox SET at = now() - interval '8 days'")
        assert await store.outbox.sweep(timedelta(days=7)) == 0
    assert hidden.id in {change.object_id for change in (await _read(store)).changes}


async def test_a_dump_of_another_server_is_followed_from_here_on(store: Store) -> None:
    user = await new_user(store)
    new = await _submit(store, user)
    far = 1 << 40  # a transaction id that this server has not reached
    await store.database.execute("UPDATE outbox SET xact = $1", far)
    await store.database.execute("UPDATE image_generation_jobs SET changed_in = $1", far)
    with pytest.raises(Expired):
        await store.outbox.read(Cursor(far, 1), 100, ALL)

    await store.outbox.sweep(timedelta(days=7))
    newest = await store.outbox.newest()
    with pytest.raises(Expired):
        await store.outbox.read(START, 100, ALL)
    assert await store.jobs.cancel(user, new.id)
    stretch = await store.outbox.read(newest, 100, ALL)
    assert _statuses(stretch.changes, new.id) == ["cancelled"]


@asynccontextmanager
async def _open(url: str, *statements: str) -> AsyncIterator[int]:
    """Keeps a transaction open that has a number, on a separate connection; yields its pid."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN")
        for statement in (*statements, "SELECT pg_current_xact_id()"):
            await connection.execute(statement)
        yield connection.get_server_pid()
    finally:
        await connection.close()


async def test_a_transaction_in_another_database_holds_nothing_back(
    store: Store, postgres: str
) -> None:
    user = await new_user(store)
    feed = Feed(store)
    async with feed.running(), _open(postgres), asyncio.timeout(60):
        follower = feed.follow(await store.outbox.newest(), ALL)
        assert not (await anext(follower)).changes
        new = await _submit(store, user)
        feed.wake()
        assert new.id in {change.object_id for change in (await anext(follower)).changes}
        assert (await _read(store)).changes
        await store.database.execute("UPDATE outbox SET at = now() - interval '8 days'")
        assert await store.outbox.sweep(timedelta(days=7)) > 0
        assert await store.outbox.holders() == []
        await follower.aclose()


async def test_a_feed_goes_on_when_an_older_dump_is_restored_under_it(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    user = await new_user(store)
    feed = Feed(store, checkpoint_s=0.2)
    async with feed.running(), asyncio.timeout(60):
        before = await store.outbox.newest()
        follower = feed.follow(before, ALL)
        await anext(follower)
        await _submit(store, user)
        feed.wake()
        while not (await anext(follower)).changes:
            pass
        # As a dump of a server that was ahead, and what a sweep makes of it.
        await store.database.execute("UPDATE outbox_swept SET xact = 1000000000000")
        feed.wake()
        while "events begin anew" not in caplog.messages:
            await asyncio.sleep(0.01)
        with pytest.raises(Expired):
            await _to_the_end(follower)
        await store.outbox.sweep(timedelta(days=7))
        with pytest.raises(Expired):
            await anext(feed.follow(before, ALL))
        later = feed.follow(await store.outbox.newest(), ALL)
        await anext(later)
        new = await _submit(store, user)
        feed.wake()
        while not (stretch := await anext(later)).changes:
            pass
        assert new.id in {change.object_id for change in stretch.changes}
        await later.aclose()
    assert caplog.messages.count("events begin anew") == 1


async def test_one_of_a_user_who_may_not_write_the_outbox_holds_nothing_back(
    store: Store, database: str
) -> None:
    role = f"r{uuid4().hex}"
    await store.database.execute(f"CREATE ROLE {role}")
    async with _open(database, f"SET SESSION AUTHORIZATION {role}") as pid:
        new = await _submit(store, await new_user(store))
        # The session is that of its first user still, who could go back to it.
        assert [one.pid for one in await store.outbox.holders()] == [pid]
        assert new.id not in {change.object_id for change in (await _read(store)).changes}
    await store.database.execute(f"ALTER ROLE {role} LOGIN")
    url = database.replace("postgresql://postgres:", f"postgresql://{role}:")
    async with _open(url):
        assert await store.outbox.holders() == []
        assert new.id in {change.object_id for change in (await _read(store)).changes}
    await store.database.execute(f"DROP ROLE {role}")


async def test_what_holds_changes_back_is_named_after_ten_seconds(
    store: Store, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    metrics, seconds = GatewayMetrics(), [0.0]
    notices = StallNotices(store.outbox, metrics, lambda: seconds[0])
    async with _open(database, "SET application_name = 'a tool'") as pid:
        held = {"pid": str(pid), "name": "a tool"}
        await _submit(store, await new_user(store))
        for seconds[0] in (0.0, 9.0):
            await notices.look()
            assert metrics.registry.get_sample_value("imggen_outbox_held_seconds", held) is None
        for seconds[0] in (11.0, 12.0):
            await notices.look()
        found = metrics.registry.get_sample_value("imggen_outbox_held_seconds", held)
        assert found is not None
        assert found >= 12.0
    while await store.outbox.holders():  # the server ends a session after its client
        await asyncio.sleep(0.01)
    await notices.look()
    assert metrics.registry.get_sample_value("imggen_outbox_held_seconds", held) is None
    assert [record.message for record in caplog.records] == ["events held back", "events go on"]
    assert vars(caplog.records[0])["pid"] == pid


async def _submit(store: Store, user: UserId) -> NewJob:
    new = new_job(user)
    assert await store.submits.submit(new) is not None
    return new


async def _to_the_end(follower: AsyncGenerator[Stretch, None]) -> None:
    async for _ in follower:
        pass


async def _claim(store: Store) -> Claim:
    [claim] = await store.leases.claim("worker", Lane.LOCAL, 1, timedelta(seconds=60))
    return claim


async def _read(store: Store, after: Cursor = START) -> Stretch:
    return await store.outbox.read(after, 1000, ALL)


def _statuses(changes: object, object_id: UUID) -> list[str]:
    assert isinstance(changes, list)
    found: list[Change] = changes
    return [change.status for change in found if change.object_id == object_id]

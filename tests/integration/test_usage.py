"""The record of when a database was in use is exact across gaps, restarts and restored dumps."""

from datetime import UTC, datetime, timedelta

from server.store import Store
from server.upkeep.usage import Usage, surely_in_use

DAY = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def test_a_gateway_that_runs_extends_one_use(store: Store) -> None:
    usage = Usage(store.uses)
    for _ in range(3):
        await usage.note()
    [(began, seen)] = await store.uses.spans()
    assert began < seen


async def test_each_gateway_has_a_use_of_its_own(store: Store) -> None:
    for _ in range(2):
        await Usage(store.uses).note()
    assert len(await store.uses.spans()) == 2


async def test_after_an_older_dump_is_restored_a_new_use_begins(store: Store) -> None:
    usage = Usage(store.uses)
    await usage.note()
    await usage.note()
    # As in the dump, of a moment before the last note.
    await store.database.execute("UPDATE database_use SET seen_at = began_at")
    await usage.note()
    spans = await store.uses.spans()
    assert len(spans) == 2
    assert spans[0][1] < spans[1][0]


async def test_after_a_gap_a_new_use_begins(store: Store) -> None:
    usage = Usage(store.uses, interval_s=0)
    await usage.note()
    await usage.note()
    assert len(await store.uses.spans()) == 2


def test_times_of_use_are_joined_and_their_ends_are_not_trusted() -> None:
    def at(*minutes: int) -> tuple[datetime, datetime]:
        began, ended = minutes
        return DAY + began * MINUTE, DAY + ended * MINUTE

    assert surely_in_use([]) == []
    assert surely_in_use([at(0, 9)]) == []
    assert surely_in_use([at(0, 30)]) == [at(5, 25)]
    assert surely_in_use([at(20, 60), at(0, 20), at(5, 10)]) == [at(5, 55)]
    assert surely_in_use([at(0, 20), at(21, 60)]) == [at(5, 15), at(26, 55)]

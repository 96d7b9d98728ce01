"""The migrations' names."""

from collections import Counter

from server.store.migrate import names


def test_each_migration_has_a_number_of_its_own() -> None:
    numbers = Counter(name.partition("_")[0] for name in names())
    assert [number for number, times in numbers.items() if times > 1] == []
    assert list(numbers) == [f"{place:04}" for place in range(1, len(numbers) + 1)]

"""What a page has of the pages around it: who else may be on it, and what was said before."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from server.domain.ids import CharacterId, StoryId
from server.domain.stories import Draft, Page, Story

A, B, C, D = (CharacterId(UUID(int=number)) for number in range(1, 5))


def story(*cast: tuple[CharacterId, ...], more: tuple[CharacterId, ...] = ()) -> Story:
    """Returns a story whose pages list these characters, and whose cast has more."""
    pages = tuple(
        Page(f"Page {number}.", character_ids=ids) for number, ids in enumerate(cast, start=1)
    )
    now = datetime.now(UTC)
    return Story(StoryId(uuid4()), Draft("", "", pages, more), len(pages), 1, now, now)


def test_the_characters_of_other_pages_may_be_on_a_page() -> None:
    told = story((A,), (B, A), (C,), (D,))
    assert told.characters == (A, B, C, D)
    assert told.others(2, told.draft.pages[1].character_ids) == (C, D)
    assert told.others(1, ()) == (A, B, C, D)
    assert told.others(4, (D,)) == (C, B, A)


def test_a_page_that_is_asked_for_with_others_may_have_its_own() -> None:
    assert story((A,), (B,)).others(1, (B,)) == (A,)


def test_the_cast_may_be_on_a_page_after_the_characters_of_others() -> None:
    told = story((A,), (B,), (), more=(D, C, A))
    assert (told.listed, told.characters) == ((A, B), (A, B, D, C))
    assert told.others(1, (A,)) == (B, D, C)
    assert told.others(3, ()) == (B, A, D, C)


def test_a_large_cast_has_an_end_after_the_characters_of_other_pages() -> None:
    cast = tuple(CharacterId(UUID(int=number)) for number in range(50, 114))
    others = story((A,), (), more=cast).others(2, ())
    assert others == (A, *cast[:23])


def test_those_of_the_nearest_pages_come_first_and_have_an_end() -> None:
    cast = [CharacterId(UUID(int=number)) for number in range(100)]
    told = story(*((one,) for one in cast))
    others = told.others(50, (cast[49],))
    assert len(others) == 24
    assert set(others) == set(cast[37:49]) | set(cast[50:62])
    assert others[:2] == (cast[48], cast[50])


def test_the_last_three_pages_are_before_a_page() -> None:
    told = story((), (), (), (), ())
    assert told.before(1) == ()
    assert told.before(2) == ("Page 1.",)
    assert told.before(5) == ("Page 2.", "Page 3.", "Page 4.")

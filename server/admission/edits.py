"""Edits of stories and characters: each is compared with what is stored, under its lock."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from imggen.rules.missing import missing_character, missing_page, missing_story
from imggen.rules.states import etag_mismatch
from server.admission.texts import TextAdmission
from server.domain.characters import Character
from server.domain.ids import CharacterId, StoryId, UserId
from server.domain.stories import Draft, Story, rewritten
from server.domain.texts import texts_of_character, texts_of_story
from server.errors import NotFound
from server.store import Store
from server.store.store import Statements

T = TypeVar("T")


class Edits:
    """Commits edits one after the other.

    Each is based on the version whose etag it names, or on any version if it names none. An edit
    that would change nothing succeeds whatever its etag, so that it can be repeated.
    """

    def __init__(self, store: Store, texts: TextAdmission) -> None:
        self._store = store
        self._texts = texts

    async def story(
        self, user: UserId, story: StoryId, changes: Mapping[str, Any], etag: str
    ) -> Story:
        """Changes fields of a story's draft, and returns the story.

        Raises NotFound for a story, a page or a character that the user does not have, Aborted
        when the etag is not the story's, InvalidRequest for a text that breaks a rule.
        """
        async with self._store.transaction() as tx:
            await tx.stories.lock(user, story)
            found = _found(await tx.stories.get(user, story), missing_story(story))
            draft = _edited(found.draft, changes)
            if draft == found.draft:
                return found
            _check_etag("story", story, etag, found.etag)
            _check_pages(draft, found.draft)
            await check_characters(tx, user, draft, stored=found.draft)
            await self._texts.admit(user, texts_of_story(draft), tx)
            if draft.pages != found.draft.pages:
                await tx.stories.replace_pages(story, draft.pages)
            await tx.stories.update(story, draft)
            return _found(await tx.stories.get(user, story), missing_story(story))

    async def character(
        self, user: UserId, character: CharacterId, changes: Mapping[str, Any], etag: str
    ) -> Character:
        """Changes fields of a character's description, and returns the character.

        Raises NotFound for a character that the user does not have, Aborted when the etag is not
        the character's, InvalidRequest for a text that breaks a rule.
        """
        async with self._store.transaction() as tx:
            await tx.characters.lock(user, character)
            found = _found(await tx.characters.get(user, character), missing_character(character))
            description = replace(found.description, **changes)
            if description == found.description:
                return found
            _check_etag("character", character, etag, found.etag)
            await self._texts.admit(user, texts_of_character(description), tx)
            await tx.characters.update(character, description)
            return _found(await tx.characters.get(user, character), missing_character(character))


async def check_characters(
    statements: Statements, user: UserId, draft: Draft, *, stored: Draft | None = None
) -> None:
    """Raises NotFound for a character of a page or of the cast that the user does not have.

    Those of the stored draft may stay, though they were deleted since.
    """
    named = _characters(draft) - (_characters(stored) if stored else set())
    found = await statements.characters.get_many(user, list(named)) if named else {}
    for one in sorted(named - found.keys()):
        raise missing_character(one)


def _characters(draft: Draft) -> set[CharacterId]:
    return {*draft.cast, *(one for page in draft.pages for one in page.character_ids)}


def _found(thing: T | None, missing: NotFound) -> T:
    if thing is None:
        raise missing
    return thing


def _edited(stored: Draft, changes: Mapping[str, Any]) -> Draft:
    draft = replace(stored, **changes)
    return replace(draft, pages=rewritten(stored.pages, draft.pages))


def _check_pages(draft: Draft, stored: Draft) -> None:
    known = {page.id for page in stored.pages}
    for page in draft.pages:
        if page.id and page.id not in known:
            raise missing_page(page.id)


def _check_etag(thing: str, id_: UUID, given: str, stored: str) -> None:
    if given and given != stored:
        raise etag_mismatch(thing, id_)

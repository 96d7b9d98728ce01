"""CharacterService: creates, lists, updates and deletes characters."""

from collections.abc import Sequence
from typing import Any

from imggen.rules.characters import SETTABLE, read_character
from imggen.rules.checks import Checks
from imggen.rules.masks import masked_fields
from imggen.rules.missing import missing_character
from imggen.v1 import character_pb2, character_pb2_grpc
from server.admission.edits import Edits
from server.admission.replay import once
from server.admission.texts import TextAdmission
from server.admission.users import KnownUsers
from server.domain.characters import Character, Description, Gender
from server.domain.ids import CharacterId, UserId
from server.domain.texts import texts_of_character
from server.identity.caller import Context, caller
from server.replies import messages
from server.replies.messages import GENDER
from server.replies.pages import fitting
from server.requests.page_tokens import page_request, page_token
from server.requests.request_key import request_key
from server.store import Store

_GENDERS = {number: gender for gender, number in GENDER.items()}


class CharacterService(character_pb2_grpc.CharacterServiceServicer):
    """Keeps callers' characters."""

    def __init__(self, store: Store, users: KnownUsers, texts: TextAdmission) -> None:
        self._store = store
        self._texts = texts
        self._edits = Edits(store, texts)
        self._users = users

    async def CreateCharacter(
        self, request: character_pb2.CreateCharacterRequest, context: Context
    ) -> character_pb2.CreateCharacterResponse:
        """Creates a character, or returns the one that the same request_id made."""
        checks, who = Checks(), caller()
        read = read_character(checks, request.character, SETTABLE)
        key = request_key(checks, request)

        async def create() -> Character | None:
            checks.done()
            looks = Description(**_fields(read, SETTABLE))
            await self._texts.admit(who.user_id, texts_of_character(looks), self._store)
            await self._users.ensure(who)
            created = await self._store.characters.create(who.user_id, looks, key)
            return await self._character(who.user_id, created) if created else None

        character = await once(who.user_id, key, self._store.characters.replay, create)
        return character_pb2.CreateCharacterResponse(character=messages.character(character))

    async def GetCharacter(
        self, request: character_pb2.GetCharacterRequest, context: Context
    ) -> character_pb2.GetCharacterResponse:
        """Returns a character; raises NotFound for a deleted or another user's."""
        character = await self._character(caller().user_id, _character_id(request.character_id))
        return character_pb2.GetCharacterResponse(character=messages.character(character))

    async def UpdateCharacter(
        self, request: character_pb2.UpdateCharacterRequest, context: Context
    ) -> character_pb2.UpdateCharacterResponse:
        """Changes the fields that the mask names, or those that are set."""
        checks, given = Checks(), request.character
        asked = checks.id("character.id", given.id, CharacterId)
        names = masked_fields(checks, request.update_mask, given, SETTABLE)
        read = read_character(checks, given, names)
        id_ = checks.complete(asked)
        changes = _fields(read, names)
        character = await self._edits.character(caller().user_id, id_, changes, given.etag)
        return character_pb2.UpdateCharacterResponse(character=messages.character(character))

    async def ListCharacters(
        self, request: character_pb2.ListCharactersRequest, context: Context
    ) -> character_pb2.ListCharactersResponse:
        """Returns a page of characters."""
        checks = Checks()
        page = checks.complete(page_request(checks, request))
        listing = await self._store.characters.page(caller().user_id, page)
        shown, last = fitting(listing, [messages.character(one) for one in listing.rows])
        return character_pb2.ListCharactersResponse(
            characters=shown, next_page_token=page_token(request, last)
        )

    async def DeleteCharacter(
        self, request: character_pb2.DeleteCharacterRequest, context: Context
    ) -> character_pb2.DeleteCharacterResponse:
        """Hides a character."""
        character_id = _character_id(request.character_id)
        if not await self._store.characters.delete(caller().user_id, character_id):
            raise missing_character(character_id)
        return character_pb2.DeleteCharacterResponse()

    async def _character(self, user: UserId, character_id: CharacterId) -> Character:
        found = await self._store.characters.get(user, character_id)
        if found is None:
            raise missing_character(character_id)
        return found


def _character_id(value: str) -> CharacterId:
    checks = Checks()
    return checks.complete(checks.id("character_id", value, CharacterId))


def _fields(character: character_pb2.Character, names: Sequence[str]) -> dict[str, Any]:
    """Returns the named fields of a character as those of its Description."""
    fields: dict[str, Any] = {}
    for name in names:
        if name == "age":
            fields[name] = character.age if character.HasField("age") else None
        elif name == "gender":
            fields[name] = _GENDERS.get(character.gender, Gender.UNSPECIFIED)
        elif name in ("features", "traits"):
            fields[name] = tuple(getattr(character, name))
        else:
            fields[name] = getattr(character, name)
    return fields

"""CharacterService: creates, lists, updates and deletes characters."""

from collections.abc import Sequence
from typing import Any

from imggen.rules.checks import SHORT_TEXT, Checks
from imggen.v1 import character_pb2, character_pb2_grpc
from imggen.v1 import errors_pb2 as reasons
from server.admission.replay import once
from server.admission.users import KnownUsers
from server.domain.characters import Character, Description, Gender
from server.domain.ids import CharacterId, UserId
from server.identity.caller import Context, caller
from server.replies import messages
from server.replies.messages import GENDER
from server.requests.filters import wanted
from server.requests.masks import masked_fields
from server.requests.missing import missing_character
from server.requests.page_tokens import page_request, page_token
from server.requests.request_key import request_key
from server.store import Store

_MAX_LIST = 16
_TEXTS = ("species", "hair", "eyes", "skin", "clothing")
_LISTS = ("features", "traits")
_OUTPUT_ONLY = (
    "id",
    "description_version",
    "reference_image_id",
    "reference_stale",
    "created_at",
    "updated_at",
)
SETTABLE = ("name", "age", "gender", *_TEXTS, *_LISTS)


class CharacterService(character_pb2_grpc.CharacterServiceServicer):
    """Keeps callers' characters."""

    def __init__(self, store: Store, users: KnownUsers) -> None:
        self._store = store
        self._users = users

    async def CreateCharacter(
        self, request: character_pb2.CreateCharacterRequest, context: Context
    ) -> character_pb2.CreateCharacterResponse:
        """Creates a character, or returns the one that the same request_id made."""
        checks, who = Checks(), caller()
        given = {field.name for field, _ in request.character.ListFields()}
        for name in _OUTPUT_ONLY:
            checks.empty(f"character.{name}", name in given)
        fields = _fields(checks, request.character, SETTABLE)
        key = request_key(checks, request)

        async def create() -> Character | None:
            checks.done()
            await self._users.ensure(who)
            created = await self._store.characters.create(who.user_id, Description(**fields), key)
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
        """Changes the fields that the mask names."""
        checks, user = Checks(), caller().user_id
        asked = checks.id("character.id", request.character.id, CharacterId)
        names = masked_fields(checks, request.update_mask, SETTABLE)
        fields = _fields(checks, request.character, names)
        character_id = checks.complete(asked)
        if not await self._store.characters.update(user, character_id, fields):
            raise missing_character(character_id)
        character = await self._character(user, character_id)
        return character_pb2.UpdateCharacterResponse(character=messages.character(character))

    async def ListCharacters(
        self, request: character_pb2.ListCharactersRequest, context: Context
    ) -> character_pb2.ListCharactersResponse:
        """Returns a page of characters."""
        checks = Checks()
        asked = page_request(checks, "characters", request.page_size, request.page_token)
        page = checks.complete(asked)
        listing = await self._store.characters.page(caller().user_id, page)
        return character_pb2.ListCharactersResponse(
            characters=[messages.character(character) for character in listing.rows],
            next_page_token=page_token("characters", listing.next),
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


def _fields(
    checks: Checks, message: character_pb2.Character, names: tuple[str, ...]
) -> dict[str, Any]:
    """Reads the named fields of a character as those of its Description."""
    fields: dict[str, Any] = {}
    for name in names:
        path = f"character.{name}"
        if name == "age":
            fields[name] = message.age if message.HasField("age") else None
            if fields[name] is not None:
                checks.within(
                    path, message.age, range(151), reasons.ERROR_REASON_FIELD_OUT_OF_RANGE
                )
        elif name == "gender":
            fields[name] = wanted(checks, path, message.gender, GENDER) or Gender.UNSPECIFIED
        elif name in _LISTS:
            fields[name] = _texts(checks, path, getattr(message, name))
        else:
            fields[name] = checks.text(
                path, getattr(message, name), SHORT_TEXT, required=name == "name"
            )
    return fields


def _texts(checks: Checks, path: str, values: Sequence[str]) -> tuple[str, ...] | None:
    """Reads a list of texts; None where one is a violation."""
    if len(values) > _MAX_LIST:
        checks.add(
            path,
            f"must have {_MAX_LIST} entries or fewer, has {len(values)}",
            reasons.ERROR_REASON_FIELD_OUT_OF_RANGE,
        )
    read = [
        checks.text(f"{path}[{index}]", value, SHORT_TEXT, required=True)
        for index, value in enumerate(values[:_MAX_LIST])
    ]
    whole = tuple(text for text in read if text is not None)
    return whole if len(whole) == len(values) else None

"""Characters of users."""

from collections.abc import Sequence

from server.domain.characters import Character, Description, FrozenCharacter, Gender
from server.domain.ids import CharacterId, UserId
from server.domain.jobs import RequestKey
from server.domain.paging import Listing, PageRequest
from server.store.database import Executor, Record
from server.store.lists import Arguments, Filters, Source, fetch_page

_SELECT = """
SELECT c.*, r.reference_image_id, r.description_version AS shown_version
FROM characters c LEFT JOIN LATERAL (
  SELECT reference_image_id, description_version
  FROM character_references JOIN images i ON i.id = reference_image_id AND i.deleted_at IS NULL
  WHERE character_references.character_id = c.id
  ORDER BY character_references.updated_at DESC LIMIT 1
) AS r ON true
"""

_FIELDS = (
    "name", "age", "gender", "species", "hair", "eyes", "skin", "clothing", "features", "traits",
)  # fmt: skip


class Characters:
    """Runs the statements on characters; each is scoped to its user."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def create(
        self, user: UserId, description: Description, request: RequestKey | None
    ) -> CharacterId | None:
        """Stores a character; returns None when the request_id is taken."""
        row = await self._database.fetchrow(
            f"INSERT INTO characters (user_id, {', '.join(_FIELDS)}, request_id, request_hash)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
            " ON CONFLICT (user_id, request_id) WHERE request_id IS NOT NULL DO NOTHING"
            " RETURNING id",
            user,
            *_values(description),
            request.id if request else None,
            request.digest if request else None,
        )
        return None if row is None else CharacterId(row["id"])

    async def replay(self, user: UserId, request: RequestKey) -> tuple[Character, bool] | None:
        """Returns the character of a request_id, and whether it came from the same request.

        A deleted one too, since the answer to a request stays the same.
        """
        row = await self._database.fetchrow(
            f"{_SELECT} WHERE c.user_id = $1 AND c.request_id = $2", user, request.id
        )
        return None if row is None else (_character(row), row["request_hash"] == request.digest)

    async def get(self, user: UserId, character: CharacterId) -> Character | None:
        """Returns a character of the user that is not deleted."""
        found = await self.get_many(user, [character])
        return found.get(character)

    async def get_many(
        self, user: UserId, characters: Sequence[CharacterId]
    ) -> dict[CharacterId, Character]:
        """Returns the characters that the user has, of those asked for."""
        rows = await self._database.fetch(
            f"{_SELECT} WHERE c.id = ANY($1) AND c.user_id = $2 AND c.deleted_at IS NULL",
            characters,
            user,
        )
        return {row["id"]: _character(row) for row in rows}

    async def freeze_each(
        self, asked: Sequence[tuple[UserId, Sequence[CharacterId]]]
    ) -> list[dict[CharacterId, FrozenCharacter]]:
        """Returns, for each entry of `asked`, the characters that its user has, as they are now."""
        pairs = [(user, one) for user, characters in asked for one in characters]
        rows = await self._database.fetch(
            f"SELECT c.user_id, c.id, c.description_version, {', '.join(_FIELDS)}"
            " FROM characters c JOIN unnest($1::uuid[], $2::uuid[]) AS asked (user_id, id)"
            " ON c.id = asked.id AND c.user_id = asked.user_id WHERE c.deleted_at IS NULL",
            [user for user, _ in pairs],
            [character for _, character in pairs],
        )
        found = {(row["user_id"], row["id"]): _frozen(row) for row in rows}
        return [
            {one: found[user, one] for one in characters if (user, one) in found}
            for user, characters in asked
        ]

    async def page(self, user: UserId, page: PageRequest) -> Listing[Character]:
        """Lists the user's characters, the newest first."""
        arguments = Arguments()
        where = f"user_id = {arguments.add(user, 'uuid')} AND deleted_at IS NULL"
        filters = Filters([Source("characters", where)])
        return await fetch_page(self._database, _SELECT, filters, arguments, page, _character)

    async def lock(self, user: UserId, character: CharacterId) -> None:
        """Keeps others from changing a character until the transaction ends."""
        # Images may refer to it meanwhile, which FOR UPDATE would keep out.
        await self._database.execute(
            "SELECT FROM characters WHERE id = $1 AND user_id = $2 FOR NO KEY UPDATE",
            character,
            user,
        )

    async def update(self, character: CharacterId, description: Description) -> None:
        """Changes the description of a locked character, and raises its versions."""
        await self._database.execute(
            f"UPDATE characters SET ({', '.join(_FIELDS)}) ="
            " ROW($2, $3, $4, $5, $6, $7, $8, $9, $10, $11), revision = revision + 1,"
            " description_version = description_version + 1, updated_at = clock_timestamp()"
            " WHERE id = $1",
            character,
            *_values(description),
        )

    async def delete(self, user: UserId, character: CharacterId) -> bool:
        """Hides a character permanently; returns False when the user never had it.

        One that is hidden already stays so.
        """
        row = await self._database.fetchrow(
            "UPDATE characters SET deleted_at = coalesce(deleted_at, now())"
            " WHERE id = $1 AND user_id = $2 RETURNING id",
            character,
            user,
        )
        return row is not None


def _values(description: Description) -> list[object]:
    return [getattr(description, name) for name in _FIELDS]


def _character(row: Record) -> Character:
    shown = row["shown_version"]
    return Character(
        id=row["id"],
        description=_description(row),
        description_version=row["description_version"],
        revision=row["revision"],
        reference_image_id=row["reference_image_id"],
        reference_stale=shown is not None and shown < row["description_version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _frozen(row: Record) -> FrozenCharacter:
    return FrozenCharacter(row["id"], row["description_version"], _description(row))


def _description(row: Record) -> Description:
    return Description(
        name=row["name"],
        age=row["age"],
        gender=Gender(row["gender"]),
        species=row["species"],
        hair=row["hair"],
        eyes=row["eyes"],
        skin=row["skin"],
        clothing=row["clothing"],
        features=tuple(row["features"]),
        traits=tuple(row["traits"]),
    )

"""Characters of users."""

from collections.abc import Mapping, Sequence

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

    async def update(
        self, user: UserId, character: CharacterId, changes: Mapping[str, object]
    ) -> bool:
        """Changes fields of a description, and raises its version if one differs.

        Returns False when the user has no such character. Only the named fields are written.
        Raises ValueError for a name that is not a field of a Description.
        """
        if not changes or not changes.keys() <= set(_FIELDS):
            raise ValueError(f"changes: {', '.join(changes)}; use some of {', '.join(_FIELDS)}")
        names = ", ".join(changes)
        values = ", ".join(f"${index}" for index in range(3, 3 + len(changes)))
        row = await self._database.fetchrow(
            f"UPDATE characters SET ({names}) = ROW({values}), updated_at = now(),"
            " description_version ="
            f" description_version + (ROW({names}) IS DISTINCT FROM ROW({values}))::integer"
            " WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL RETURNING id",
            character,
            user,
            *changes.values(),
        )
        return row is not None

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

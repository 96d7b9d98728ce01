"""A database that answers to a script, so that what stands above SQL is tested without one.

What the statements themselves do is tested on a real Postgres, in `tests/integration`.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

from server.domain.ids import UserId
from server.identity.caller import Caller, Role
from server.store import Store
from server.store.database import Database, Executor, Record

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Row = Mapping[str, Any]
Answer = Callable[..., Iterable[Row]] | Exception


@dataclass(frozen=True)
class Statement:
    """Is a statement that was run, with its arguments."""

    query: str
    args: tuple[Any, ...]


class ScriptedDatabase(Database):
    """Answers a statement by the newest script whose words it holds, else with no rows."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._scripts: dict[str, Answer] = {}

    def answer(self, words: str, *rows: Row) -> None:
        """Scripts the rows that statements with these words give."""
        self.compute(words, lambda *_: rows)

    def compute(self, words: str, rows: Callable[..., Iterable[Row]]) -> None:
        """Scripts the rows that statements with these words give for their arguments."""
        self._scripts = {words: rows, **self._without(words)}

    def fail(self, words: str, error: Exception) -> None:
        """Scripts the error that statements with these words raise."""
        self._scripts = {words: error, **self._without(words)}

    def _without(self, words: str) -> dict[str, Answer]:
        return {known: answer for known, answer in self._scripts.items() if known != words}

    def ran(self, words: str) -> list[Statement]:
        """Returns the statements with these words that were run."""
        return [statement for statement in self.statements if words in statement.query]

    async def fetch(self, query: str, *args: Any) -> list[Record]:
        self.statements.append(Statement(query, args))
        answer = next((self._scripts[words] for words in self._scripts if words in query), None)
        if isinstance(answer, Exception):
            raise answer
        return [cast(Record, row) for row in answer(*args)] if answer else []

    async def fetchrow(self, query: str, *args: Any) -> Record | None:
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    async def execute(self, query: str, *args: Any) -> str:
        return f"SELECT {len(await self.fetch(query, *args))}"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Executor]:
        yield self


def scripted_store() -> tuple[Store, ScriptedDatabase]:
    """Returns a store on a scripted database."""
    database = ScriptedDatabase()
    return Store(database), database


def take_jobs(database: ScriptedDatabase) -> None:
    """Scripts a database that stores every job that is submitted."""

    def stored(jobs: list[dict[str, Any]], *_: Any) -> list[Row]:
        return [{"id": UUID(job["id"]), "created_at": NOW, "max_retries": 3} for job in jobs]

    database.compute("INSERT INTO image_generation_jobs", stored)


def somebody(*roles: Role) -> Caller:
    """Returns a caller."""
    return Caller(UserId(uuid4()), "mia", "https://issuer.test", frozenset(roles))


def character_row(user_id: UUID | None = None, **changes: Any) -> Row:
    """Returns the row of a character."""
    return {
        "id": uuid4(),
        "user_id": user_id or uuid4(),
        "name": "Mia",
        "age": 7,
        "gender": "female",
        "species": "",
        "hair": "long red hair",
        "eyes": "green",
        "skin": "light",
        "clothing": "a yellow dress",
        "features": ["freckles"],
        "traits": ["brave"],
        "description_version": 2,
        "reference_image_id": None,
        "shown_version": 1,
        "request_hash": b"",
        "created_at": NOW,
        "updated_at": NOW,
        **changes,
    }


def story_row(*pages: tuple[str, str, list[UUID]], **changes: Any) -> Row:
    """Returns the row of a story with pages of (text, scene description, characters)."""
    return {
        "id": uuid4(),
        "title": "A day",
        "style": "watercolor",
        "pages": [[text, scene, [str(one) for one in who]] for text, scene, who in pages],
        "request_hash": b"",
        "created_at": NOW,
        "updated_at": NOW,
        **changes,
    }


def job_row(**changes: Any) -> Row:
    """Returns the row of a job that waits."""
    return {
        "id": uuid4(),
        "user_id": uuid4(),
        "image_id": uuid4(),
        "kind": "portrait",
        "status": "queued",
        "priority": 2,
        "attempt": 0,
        "retry_count": 0,
        "max_retries": 3,
        "cancel_requested": False,
        "ai_model": "storybook",
        "ai_provider": "local",
        "estimated_micros": 0,
        "actual_micros": 0,
        "created_at": NOW,
        "started_at": None,
        "completed_at": None,
        "error_reason": None,
        "error_message": None,
        "stage": None,
        "stage_ms": None,
        "batch_id": None,
        "unknown_words": None,
        "request_hash": b"",
        **changes,
    }


def image_row(**changes: Any) -> Row:
    """Returns the row of an image that is completed."""
    return {
        "id": uuid4(),
        "job_id": uuid4(),
        "image_type": "scene",
        "status": "completed",
        "story_id": None,
        "character_id": None,
        "character_ids": [uuid4()],
        "page_number": None,
        "style": "watercolor",
        "ai_model": "storybook",
        "ai_provider": "local",
        "prompt": "a picture",
        "seed": 7,
        "width": 1024,
        "height": 1024,
        "file_size_bytes": 3,
        "version": 1,
        "lineage_id": uuid4(),
        "lineage_versions": 1,
        "parent_image_id": None,
        "is_reference": False,
        "cost_micros": 0,
        "created_at": NOW,
        "completed_at": NOW,
        "keys": {
            kind: f"user/job/1/{kind}.png" for kind in ("original", "display", "print", "thumbnail")
        },
        **changes,
    }

"""Builders of valid domain objects, so that a test names only the fields it is about."""

from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from server.domain.batches import Batch
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.ids import BatchId, ImageId, JobId, StoryId, UserId
from server.domain.images import NewAsset
from server.domain.jobs import NewJob, Outcome, Placement, RequestKey, Sampling
from server.domain.lanes import JobLane
from server.domain.scenes import LossKind, NotDrawn
from server.domain.spec import RenderSpec
from server.domain.states import (
    AssetKind,
    BatchStatus,
    ImageType,
    JobStatus,
    Lane,
    Quality,
    Stage,
)
from server.domain.styles import Style
from server.routing.prices import PicturePrice
from server.routing.rows import Row
from server.store import Store

STORYBOOK_STYLE = Style("storybook", 1, "Storybook", "Classic", "classic storybook", "photo")
SWORD = NotDrawn("sword", LossKind.PROP)
BOOTS = NotDrawn("red boots", LossKind.CLOTHING, "boots")


def description(**changes: Any) -> Description:
    """Returns the description of a girl with red hair."""
    fields: dict[str, Any] = {
        "name": "Mia",
        "age": 7,
        "gender": Gender.FEMALE,
        "hair": "long red hair",
        "eyes": "green",
        "skin": "light",
        "clothing": "a yellow dress",
        "features": ("freckles",),
        "traits": ("brave",),
    }
    return Description(**{**fields, **changes})


def render_spec(**changes: Any) -> RenderSpec:
    """Returns the spec of a portrait."""
    fields: dict[str, Any] = {
        "image_type": ImageType.PORTRAIT,
        "style": STORYBOOK_STYLE,
        "characters": (FrozenCharacter(uuid4(), 1, description()),),
        "scene": "",
        "page_text": "",
        "model": "storybook",
        "width": 1024,
        "height": 1024,
        "quality": Quality.STANDARD,
        "seed": 7,
    }
    return RenderSpec(**{**fields, **changes})


def new_job(user: UserId, **changes: Any) -> NewJob:
    """Returns a job that draws a scene, which needs no character row, in one `lane`."""
    spec = changes.pop("spec", None) or render_spec(image_type=ImageType.SCENE, characters=())
    fields: dict[str, Any] = {
        "id": JobId(uuid4()),
        "image_id": ImageId(uuid4()),
        "user_id": user,
        "spec": spec,
        "placement": Placement(),
        "lanes": (JobLane(changes.pop("lane", Lane.LOCAL), (spec.model,)),),
        "provider": "local",
        "price_micros": 0,
        "priority": 2,
        "request": None,
    }
    return NewJob(**{**fields, **changes})


def paid(row: Row, micros: int, name: str = "paid") -> Row:
    """Returns a row as somebody else offers it, at one price for every picture."""
    prices = MappingProxyType({grade.label: micros for grade in row.grades.values()})
    price = PicturePrice(prices, MappingProxyType({}))
    return replace(row, name=name, provider="somebody", price=price)


def request_key(digest: bytes = b"same") -> RequestKey:
    """Returns a new request's key."""
    return RequestKey(uuid4(), digest)


def outcome(job: UUID | str = "job", attempt: int = 1, **changes: Any) -> Outcome:
    """Returns the outcome of an attempt with all four assets."""
    assets = tuple(
        NewAsset(kind, f"user/{job}/{attempt}/{kind}.png", "image/png", "00", 3, 1024, 1024)
        for kind in AssetKind
    )
    fields: dict[str, Any] = {
        "prompt": "a picture",
        "negative_prompt": "blurry",
        "assets": assets,
        "stage_ms": {Stage.RENDERING: 900, Stage.STORING: 20},
        "cost_micros": 0,
        "not_drawn": (SWORD, BOOTS),
        "sampling": Sampling(20, 5.0, "EulerDiscreteScheduler"),
    }
    return Outcome(**{**fields, **changes})


def batch(portraits: float, pages: float, **changes: Any) -> Batch:
    """Returns a running batch with that many images left."""
    fields: dict[str, Any] = {
        "id": BatchId(uuid4()),
        "user_id": UserId(uuid4()),
        "story_id": StoryId(uuid4()),
        "style": "anime",
        "status": BatchStatus.PROCESSING,
        "lanes": frozenset({Lane.LOCAL}),
        "max_concurrent": 5,
        "counts": dict.fromkeys(JobStatus, 0),
        "portraits_left": portraits,
        "pages_left": pages,
        "estimated_micros": 0,
        "actual_micros": 0,
        "created_at": datetime.now(UTC),
    }
    return Batch(**{**fields, **changes})


async def new_user(store: Store) -> UserId:
    """Stores a user and returns its id."""
    user = uuid4()
    await store.users.ensure(user, "test", str(user))
    return UserId(user)

"""The typed client of imggen, the service that illustrates stories.

`Client` is for asyncio, `SyncClient` for everything else; both have the same methods.
Names are imported when they are first used, so that `import imggen` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imggen.batches import BatchSnapshot as BatchSnapshot
    from imggen.client import Client as Client
    from imggen.client import Snapshot as Snapshot
    from imggen.errors import ImggenError as ImggenError
    from imggen.sync import SyncClient as SyncClient
    from imggen.v1.batch_pb2 import Batch as Batch
    from imggen.v1.batch_pb2 import BatchImage as BatchImage
    from imggen.v1.batch_pb2 import BatchStatus as BatchStatus
    from imggen.v1.budget_pb2 import Budget as Budget
    from imggen.v1.budget_pb2 import Spend as Spend
    from imggen.v1.budget_pb2 import SpendGroup as SpendGroup
    from imggen.v1.character_pb2 import Character as Character
    from imggen.v1.character_pb2 import Gender as Gender
    from imggen.v1.errors_pb2 import ErrorReason as ErrorReason
    from imggen.v1.event_pb2 import Event as Event
    from imggen.v1.event_pb2 import EventKind as EventKind
    from imggen.v1.image_pb2 import AssetKind as AssetKind
    from imggen.v1.image_pb2 import Image as Image
    from imggen.v1.image_pb2 import ImageStatus as ImageStatus
    from imggen.v1.image_pb2 import ImageType as ImageType
    from imggen.v1.job_pb2 import Job as Job
    from imggen.v1.job_pb2 import JobKind as JobKind
    from imggen.v1.job_pb2 import JobStatus as JobStatus
    from imggen.v1.job_pb2 import Stage as Stage
    from imggen.v1.reference_pb2 import ReferenceUse as ReferenceUse
    from imggen.v1.story_pb2 import Page as Page
    from imggen.v1.story_pb2 import Story as Story
    from imggen.v1.story_pb2 import StoryView as StoryView
    from imggen.v1.style_pb2 import Style as Style

_HOMES = {
    "imggen.batches": ("BatchSnapshot",),
    "imggen.client": ("Client", "Snapshot"),
    "imggen.errors": ("ImggenError",),
    "imggen.sync": ("SyncClient",),
    "imggen.v1.batch_pb2": ("Batch", "BatchImage", "BatchStatus"),
    "imggen.v1.budget_pb2": ("Budget", "Spend", "SpendGroup"),
    "imggen.v1.character_pb2": ("Character", "Gender"),
    "imggen.v1.errors_pb2": ("ErrorReason",),
    "imggen.v1.event_pb2": ("Event", "EventKind"),
    "imggen.v1.image_pb2": ("AssetKind", "Image", "ImageStatus", "ImageType"),
    "imggen.v1.job_pb2": ("Job", "JobKind", "JobStatus", "Stage"),
    "imggen.v1.reference_pb2": ("ReferenceUse",),
    "imggen.v1.story_pb2": ("Page", "Story", "StoryView"),
    "imggen.v1.style_pb2": ("Style",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AssetKind",
    "Batch",
    "BatchImage",
    "BatchSnapshot",
    "BatchStatus",
    "Budget",
    "Character",
    "Client",
    "ErrorReason",
    "Event",
    "EventKind",
    "Gender",
    "Image",
    "ImageStatus",
    "ImageType",
    "ImggenError",
    "Job",
    "JobKind",
    "JobStatus",
    "Page",
    "ReferenceUse",
    "Snapshot",
    "Spend",
    "SpendGroup",
    "Stage",
    "Story",
    "StoryView",
    "Style",
    "SyncClient",
]

if not TYPE_CHECKING:

    def __getattr__(name):
        """Imports a public name when it is first used."""
        if name not in _HOME_OF:
            raise AttributeError(f"module 'imggen' has no attribute {name!r}")
        return getattr(import_module(_HOME_OF[name]), name)

    def __dir__():
        """Lists the public names."""
        return __all__

"""Ids: UUIDs that mypy keeps apart."""

from typing import NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
CharacterId = NewType("CharacterId", UUID)
PageId = NewType("PageId", UUID)
StoryId = NewType("StoryId", UUID)
ImageId = NewType("ImageId", UUID)
JobId = NewType("JobId", UUID)
BatchId = NewType("BatchId", UUID)
RequestId = NewType("RequestId", UUID)

"""The object storage: one interface, two implementations (folder, S3).

Nothing here reads the store: what an object belongs to is said by its key alone.
"""

from server.storage.base import (
    KeyTaken,
    ObjectMissing,
    Storage,
    StorageFull,
    StorageRefused,
    StorageUnavailable,
    StoredObject,
)
from server.storage.keys import content_type_of, object_key
from server.storage.settings import StorageSettings, open_storage, open_usable

__all__ = [
    "KeyTaken",
    "ObjectMissing",
    "Storage",
    "StorageFull",
    "StorageRefused",
    "StorageSettings",
    "StorageUnavailable",
    "StoredObject",
    "content_type_of",
    "object_key",
    "open_storage",
    "open_usable",
]

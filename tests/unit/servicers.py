"""Every service, called without a network, on a database that answers to a script."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from google.protobuf.message import Message

from imggen.v1.errors_pb2 import ErrorReason
from server.admission.backlog import Backlog, QueueLimits
from server.admission.batches import BatchAdmission
from server.admission.jobs import Admission
from server.admission.users import Accounts
from server.domain.styles import Style
from server.errors import InvalidRequest
from server.forecast.batches import BatchForecast
from server.forecast.jobs import Forecast
from server.identity.caller import Context, serve_as
from server.metrics import GatewayMetrics
from server.replies.batches import BatchConverter
from server.replies.messages import Converter
from server.requests.pictures import Validation
from server.requests.stories import Storyboards
from server.routing.catalogue import STORYBOOK, Catalogue
from server.services.batches import BatchService
from server.services.characters import CharacterService
from server.services.generation import GenerationService
from server.services.images import ImageService
from server.services.jobs import JobService
from server.services.stories import StoryService
from server.services.styles import StyleService
from server.storage.folder import FolderStorage
from server.storage.urls import UrlSigner
from server.store.signals import CHANGED, Signals
from server.watching import Watching
from tests.unit.scripted import (
    scripted_store,
    somebody,
)

STYLES = [Style(name, 1, name.title(), "", name, "") for name in ("anime", "cartoon", "oil")]
NO_CONTEXT = cast(Context, None)  # the services read nothing from it


class Gateway:
    """Is every service, made of real parts but for the database, called by one caller."""

    def __init__(self, folder: Path) -> None:
        store, self.database = scripted_store()
        self.storage = FolderStorage(folder, UrlSigner("s" * 32, "http://pictures.test"))
        self.signals = Signals(self.database)
        self.caller = somebody()
        serve_as(self.caller)
        forecast = Forecast(store.jobs.outlook)
        converter = Converter(forecast, self.storage, timedelta(hours=1))
        accounts = Accounts(store)
        backlog = Backlog(store.jobs.waiting, forecast, QueueLimits())
        admission = Admission(store, self.signals, 0, backlog)
        validation = Validation(store, Catalogue([STORYBOOK]), STYLES)
        metrics = GatewayMetrics()
        watching = Watching(store, "postgresql://nowhere")
        batch_admission = BatchAdmission(store, self.signals, admission)
        batch_converter = BatchConverter(converter, BatchForecast(store.batches.pace))
        self.generation = GenerationService(
            validation,
            admission,
            accounts,
            converter,
            Storyboards(store, validation, 5),
            batch_admission,
            batch_converter,
        )
        self.batches = BatchService(
            store, batch_admission, watching.batches, batch_converter, metrics
        )
        self.jobs = JobService(store, admission, watching.jobs, self.signals, converter, metrics)
        self.images = ImageService(store, self.storage, self.signals, converter)
        self.characters = CharacterService(store, accounts)
        self.stories = StoryService(store, accounts, STYLES)
        self.styles = StyleService(STYLES)

    async def changed(self) -> list[UUID]:
        """Returns the jobs that watchers were told of."""
        async with self.signals.running():
            pass
        told = [statement.args for statement in self.database.ran("pg_notify")]
        return [UUID(word) for channel, words in told if channel == CHANGED for word in [words]]


def digest(request: Message) -> bytes:
    """Returns the digest that a request is stored with."""
    octets = request.SerializeToString(deterministic=True)
    return sha256(request.DESCRIPTOR.name.encode() + b"\0" + octets).digest()


def wrong(caught: pytest.ExceptionInfo[InvalidRequest]) -> dict[str, str]:
    """Returns the bad fields with their reasons."""
    return {
        violation.field: ErrorReason.Name(violation.reason).removeprefix("ERROR_REASON_")
        for violation in caught.value.violations
    }

"""The services of the contract, one module each, and how they are made of their parts."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from imggen.v1.batch_pb2_grpc import add_BatchServiceServicer_to_server as add_batches
from imggen.v1.character_pb2_grpc import add_CharacterServiceServicer_to_server as add_characters
from imggen.v1.event_pb2_grpc import add_EventServiceServicer_to_server as add_events
from imggen.v1.generation_pb2_grpc import add_GenerationServiceServicer_to_server as add_generation
from imggen.v1.image_pb2_grpc import add_ImageServiceServicer_to_server as add_images
from imggen.v1.job_pb2_grpc import add_JobServiceServicer_to_server as add_jobs
from imggen.v1.story_pb2_grpc import add_StoryServiceServicer_to_server as add_stories
from imggen.v1.style_pb2_grpc import add_StyleServiceServicer_to_server as add_styles
from server.admission import Accounts, Admission
from server.backlog import Backlog, QueueLimits
from server.batch_admission import BatchAdmission
from server.batch_convert import BatchConverter
from server.batch_events import BatchEvents
from server.batch_forecast import BatchForecast
from server.convert import Converter
from server.endpoint import Service
from server.events import Events
from server.forecast import Forecast
from server.metrics import GatewayMetrics
from server.routing.catalogue import Catalogue
from server.services.batches import BatchService
from server.services.characters import CharacterService
from server.services.events import EventService
from server.services.generation import GenerationService
from server.services.images import ImageService
from server.services.jobs import JobService
from server.services.stories import StoryService
from server.services.styles import StyleService
from server.storage import Storage
from server.store import Store
from server.store.signals import Signals
from server.storyboard import Storyboards
from server.validation import Validation


@dataclass(frozen=True, slots=True)
class Parts:
    """Is what the services are made of; all of it is open and running."""

    store: Store
    storage: Storage
    signals: Signals
    events: Events
    metrics: GatewayMetrics
    catalogue: Catalogue
    url_ttl: timedelta
    daily_budget_micros: int
    batch_events: BatchEvents
    batch_max_concurrent: int
    queue_limits: QueueLimits


async def make_services(parts: Parts) -> list[Service]:
    """Returns every service of the contract; the styles are read here, once."""
    styles = await parts.store.styles.list()
    accounts = Accounts(parts.store)
    forecast = Forecast(parts.store.jobs.outlook)
    backlog = Backlog(parts.store.jobs.waiting, forecast, parts.queue_limits)
    admission = Admission(parts.store, parts.signals, parts.daily_budget_micros, backlog)
    converter = Converter(forecast, parts.storage, parts.url_ttl)
    batch_converter = BatchConverter(converter, BatchForecast(parts.store.batches.pace))
    batch_admission = BatchAdmission(parts.store, parts.signals, admission)
    validation = Validation(parts.store, parts.catalogue, styles)
    generation = GenerationService(
        validation,
        admission,
        accounts,
        converter,
        Storyboards(parts.store, validation, parts.batch_max_concurrent),
        batch_admission,
        batch_converter,
    )
    batches = BatchService(
        parts.store, batch_admission, parts.batch_events, batch_converter, parts.metrics
    )
    jobs = JobService(parts.store, admission, parts.events, parts.signals, converter, parts.metrics)
    events = EventService(parts.store, parts.events.tail, parts.metrics)
    images = ImageService(parts.store, parts.storage, parts.signals, converter)
    characters = CharacterService(parts.store, accounts)
    stories = StoryService(parts.store, accounts, styles)
    style_service = StyleService(styles)
    return [
        Service("imggen.v1.GenerationService", partial(add_generation, generation)),
        Service("imggen.v1.BatchService", partial(add_batches, batches)),
        Service("imggen.v1.JobService", partial(add_jobs, jobs)),
        Service("imggen.v1.EventService", partial(add_events, events)),
        Service("imggen.v1.ImageService", partial(add_images, images)),
        Service("imggen.v1.CharacterService", partial(add_characters, characters)),
        Service("imggen.v1.StoryService", partial(add_stories, stories)),
        Service("imggen.v1.StyleService", partial(add_styles, style_service)),
    ]

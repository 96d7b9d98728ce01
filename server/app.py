"""The gateway as one thing: opens its parts in order, serves, and closes them in reverse."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
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
from server.admission.backlog import Backlog, QueueLimits
from server.admission.batches import BatchAdmission
from server.admission.jobs import Admission
from server.admission.users import Accounts
from server.edge.endpoint import Endpoint, Service
from server.edge.media import media_app, serve_http
from server.edge.monitor import monitor_app
from server.forecast.batches import BatchForecast
from server.forecast.jobs import Forecast
from server.identity.keys import KeySet, SharedSecret
from server.identity.tokens import TokenRules, TokenVerifier
from server.metrics import GatewayMetrics
from server.replies.batches import BatchConverter
from server.replies.messages import Converter
from server.requests.pictures import Validation
from server.requests.stories import Storyboards
from server.routing.catalogue import Catalogue
from server.services.batches import BatchService
from server.services.characters import CharacterService
from server.services.events import EventService
from server.services.generation import GenerationService
from server.services.images import ImageService
from server.services.jobs import JobService
from server.services.stories import StoryService
from server.services.styles import StyleService
from server.settings import GatewaySettings
from server.storage import Storage, StorageSettings, open_storage
from server.storage.folder import FolderStorage
from server.store import Store, open_store
from server.store.migrate import missing
from server.store.signals import Signals
from server.upkeep.sweep import Sweeper
from server.watching import Watching

# A ping waits for a connection of the pool; a busy pool is not an absent database.
_PING_TIMEOUT_S = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Says where a gateway listens, `host:port` each; `media` is empty with S3."""

    grpc: str
    media: str
    metrics: str


async def serve(
    settings: GatewaySettings,
    storage_settings: StorageSettings,
    announce: Callable[[Addresses], None],
) -> None:
    """Serves until SIGTERM or SIGINT, then drains; a second signal ends it at once."""
    with stop_signal() as stop:
        async with gateway(settings, storage_settings) as addresses:
            _log.info("listening", extra=asdict(addresses))
            announce(addresses)
            await stop.wait()
            _log.info("draining", extra={"drain_s": settings.drain_s})
    _log.info("stopped")


@asynccontextmanager
async def gateway(
    settings: GatewaySettings, storage_settings: StorageSettings
) -> AsyncIterator[Addresses]:
    """Runs a gateway while it is entered; leaving it drains it.

    Raises Unavailable when the database is away, RuntimeError when it lacks migrations, and
    OSError or RuntimeError when an address cannot be had.
    """
    metrics = GatewayMetrics()
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(open_storage(storage_settings))
        store = await stack.enter_async_context(
            open_store(settings.database_url, max_connections=settings.database_pool_max)
        )
        await _refuse_old_schema(store)
        metrics.read_connections(store.database.idle)
        signals = Signals(store.database)
        await stack.enter_async_context(signals.running())
        watching = Watching(store, settings.database_url)
        await stack.enter_async_context(watching.running())
        parts = Parts(
            store=store,
            storage=storage,
            signals=signals,
            watching=watching,
            metrics=metrics,
            catalogue=Catalogue.named(settings.models),
            url_ttl=timedelta(seconds=storage_settings.url_ttl_s),
            daily_budget_micros=settings.daily_budget_micros,
            batch_max_concurrent=settings.batch_max_concurrent,
            queue_limits=QueueLimits(settings.max_waiting_jobs, settings.max_waiting_jobs_per_user),
        )
        services = await make_services(parts)
        endpoint = Endpoint(settings, services, token_verifier(settings), metrics)
        monitor = monitor_app(metrics, lambda: endpoint.serving)
        metrics_port = await stack.enter_async_context(
            serve_http(monitor, settings.host, settings.metrics_port)
        )
        media = await _serve_media(stack, settings, storage)
        sweeper = Sweeper(store, storage, events_kept=timedelta(days=settings.events_kept_days))
        await stack.enter_async_context(sweeper.running(settings.sweep_interval_s))
        await stack.enter_async_context(endpoint)
        await stack.enter_async_context(_following_database(endpoint, store, settings))
        host = settings.listen.rpartition(":")[0]
        yield Addresses(endpoint.address, media, f"{host}:{metrics_port}")


@dataclass(frozen=True, slots=True)
class Parts:
    """Is what the services are made of; all of it is open and running."""

    store: Store
    storage: Storage
    signals: Signals
    watching: Watching
    metrics: GatewayMetrics
    catalogue: Catalogue
    url_ttl: timedelta
    daily_budget_micros: int
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
        parts.store, batch_admission, parts.watching.batches, batch_converter, parts.metrics
    )
    jobs = JobService(
        parts.store, admission, parts.watching.jobs, parts.signals, converter, parts.metrics
    )
    events = EventService(parts.store, parts.watching.tail, parts.metrics)
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


def token_verifier(settings: GatewaySettings) -> TokenVerifier:
    """Returns what checks tokens: with the key set where there is one, else the shared secret."""
    place = settings.key_set
    algorithms = settings.jwt_algorithms if place else ("HS256",)
    keys = (
        KeySet.at(place, cooldown_s=settings.jwks_cooldown_s)
        if place
        else SharedSecret(settings.jwt_secret.get_secret_value())
    )
    rules = TokenRules(
        settings.jwt_issuer, settings.jwt_audience, tuple(algorithms), settings.jwt_leeway_s
    )
    return TokenVerifier(keys, rules)


async def _refuse_old_schema(store: Store) -> None:
    lacking = await missing(store.database)
    if lacking:
        raise RuntimeError(
            f"the database lacks {', '.join(lacking)}; run `python -m server migrate` first"
        )


async def _serve_media(stack: AsyncExitStack, settings: GatewaySettings, storage: Storage) -> str:
    if not isinstance(storage, FolderStorage):
        return ""
    port = await stack.enter_async_context(
        serve_http(media_app(storage), settings.host, settings.http_port)
    )
    return f"{settings.listen.rpartition(':')[0]}:{port}"


@asynccontextmanager
async def _following_database(
    endpoint: Endpoint, store: Store, settings: GatewaySettings
) -> AsyncIterator[None]:
    """Lets health say whether the database answers; it has answered once before the block."""
    await _follow_once(endpoint, store.database.ping)

    async def follow() -> None:
        while True:
            await asyncio.sleep(settings.health_interval_s)
            await _follow_once(endpoint, store.database.ping)

    task = asyncio.create_task(follow(), name="health")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow_once(endpoint: Endpoint, ping: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(_PING_TIMEOUT_S):
            await ping()
        problem = None
    except Exception as error:
        problem = error
    answers = problem is None
    if answers is not endpoint.serving:
        level = logging.INFO if answers else logging.ERROR
        _log.log(level, "database answers" if answers else "database away", exc_info=problem)
    await endpoint.set_serving(answers)


@contextmanager
def stop_signal() -> Iterator[asyncio.Event]:
    """Gives an event that SIGTERM or SIGINT sets; the next one has its usual effect."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)

    def release() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    def halt() -> None:
        stop.set()
        release()

    for number in numbers:
        loop.add_signal_handler(number, halt)
    try:
        yield stop
    finally:
        release()

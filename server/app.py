"""The whole gateway: opens its parts in order, serves, and closes them in reverse."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

from aiohttp.web import Application

from imggen.rules.budgets import Providers
from imggen.v1.admin_pb2_grpc import add_AdminServiceServicer_to_server as add_admin
from imggen.v1.batch_pb2_grpc import add_BatchServiceServicer_to_server as add_batches
from imggen.v1.budget_pb2_grpc import add_BudgetServiceServicer_to_server as add_budgets
from imggen.v1.character_pb2_grpc import add_CharacterServiceServicer_to_server as add_characters
from imggen.v1.event_pb2_grpc import add_EventServiceServicer_to_server as add_events
from imggen.v1.generation_pb2_grpc import add_GenerationServiceServicer_to_server as add_generation
from imggen.v1.image_pb2_grpc import add_ImageServiceServicer_to_server as add_images
from imggen.v1.job_pb2_grpc import add_JobServiceServicer_to_server as add_jobs
from imggen.v1.routing_pb2_grpc import add_RoutingServiceServicer_to_server as add_routing
from imggen.v1.story_pb2_grpc import add_StoryServiceServicer_to_server as add_stories
from imggen.v1.style_pb2_grpc import add_StyleServiceServicer_to_server as add_styles
from server.admission.backlog import Backlog, QueueLimits
from server.admission.batches import BatchAdmission
from server.admission.cheapest import CheapestOffers
from server.admission.jobs import Admission
from server.admission.steering import Steering
from server.admission.texts import TextAdmission
from server.admission.users import KnownUsers
from server.edge.binding import cannot_listen
from server.edge.endpoint import Endpoint, Service
from server.edge.files import file_limit, raise_file_limit, shares
from server.edge.health import following_database
from server.edge.http import Bounds, serve_http
from server.edge.media import media_app
from server.edge.monitor import monitor_app
from server.forecast.batches import BatchForecast
from server.forecast.jobs import Forecast
from server.identity.keys import KeySet, SharedSecret
from server.identity.tokens import TokenRules, TokenVerifier
from server.metrics import GatewayMetrics
from server.replies.batches import BatchReplies
from server.replies.messages import Replies
from server.requests.reader import PictureReader
from server.requests.stories import StoryReader
from server.routing.catalogue import Catalogue
from server.routing.observer import Observer
from server.routing.rows import PROVIDERS
from server.safety.gate import TextGate
from server.safety.texts import TextCheck
from server.services.admin import AdminService
from server.services.batches import BatchService
from server.services.budgets import BudgetService
from server.services.characters import CharacterService
from server.services.events import EventService
from server.services.generation import GenerationService
from server.services.images import ImageService
from server.services.jobs import JobService
from server.services.plans import PageReading
from server.services.routing import RoutingService
from server.services.stories import StoryService
from server.services.styles import StyleService
from server.settings import GatewaySettings
from server.stopping import stop_signal, unless
from server.storage import Storage, StorageSettings, open_usable
from server.storage.environment import tell_redirections
from server.storage.folder import FolderStorage
from server.store import Store, open_store
from server.store.database import Database
from server.store.migrate import missing
from server.store.opening import needing_database, until_open
from server.store.signals import Signals
from server.store.write_probe import WriteProbe
from server.traces import open_traces
from server.upkeep.alerts import AlertSender, Webhook
from server.upkeep.fleet import FleetMetrics
from server.upkeep.retirements import RetirementNotices
from server.upkeep.stalls import StallNotices
from server.upkeep.sweep import Sweeper
from server.upkeep.usage import Usage
from server.watching import Watching

_FEW_FILES = 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses a gateway listens on, `host:port` each; `media` is empty with S3."""

    grpc: str
    media: str
    metrics: str


async def serve(
    settings: GatewaySettings,
    storage_settings: StorageSettings,
    announce: Callable[[Addresses], None],
) -> None:
    """Serves until SIGTERM or SIGINT, then drains; a second signal ends it at once.

    A database that is away is waited for. Raises CannotStart.
    """
    limit = raise_file_limit()
    if limit < _FEW_FILES:
        _log.warning("few files", extra={"limit": limit})
    url = settings.database_url
    tell_redirections(storage_settings)
    with stop_signal() as stop, needing_database(url):
        async with AsyncExitStack() as stack:
            async with unless(stop):
                await until_open(settings.database, settings.start_wait_s)
                gateway = await stack.enter_async_context(open_gateway(settings, storage_settings))
            if not stop.is_set():
                if settings.serves_unchecked_pictures:
                    _log.warning("pictures not checked", extra={"listen": settings.listen})
                _log.info("listening", extra=asdict(gateway.addresses))
                announce(gateway.addresses)
                await stop.wait()
                _log.info("draining", extra={"drain_s": settings.drain_s})
    _log.info("stopped")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a gateway that all others need, open and running."""

    store: Store
    storage: Storage
    signals: Signals
    watching: Watching
    metrics: GatewayMetrics


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: its parts, its endpoint, and where it listens."""

    parts: Parts
    endpoint: Endpoint
    addresses: Addresses


@asynccontextmanager
async def open_gateway(
    settings: GatewaySettings,
    storage_settings: StorageSettings,
    *,
    catalogue: Catalogue | None = None,
    make_signals: Callable[[Database], Signals] = Signals,
    gate: TextGate | None = None,
) -> AsyncIterator[Gateway]:
    """Runs a gateway while it is entered; leaving it drains it.

    `catalogue` replaces the models that the settings name; `make_signals` makes what tells
    other processes of changes; `gate` is one that other gateways of the process check texts by.
    Raises Unavailable when the database is away, RuntimeError when it lacks migrations, and
    CannotStart when an address cannot be bound.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        # Closed last, with what the drain adds.
        traces = await enter(open_traces(settings.otlp_endpoint, "imggen-gateway"))
        parts = await _open_parts(stack, settings, storage_settings, make_signals)
        offered = catalogue or settings.catalogue()
        services = await _services(
            parts,
            settings,
            offered,
            timedelta(seconds=storage_settings.url_ttl_s),
            settings.text_check(gate),
        )
        endpoint = Endpoint(settings, services, token_verifier(settings), parts.metrics, traces)
        fleet = FleetMetrics(parts.store, parts.metrics, _paid(offered, settings), offered)
        monitor = monitor_app(parts.metrics, lambda: endpoint.serving, fleet.refresh)
        most = shares(file_limit(), settings.database_pool_max)
        of_metrics = Bounds("metrics", most.monitor, closed=parts.metrics.count_closed("metrics"))
        metrics_port = await _listen(stack, settings, "metrics_port", monitor, of_metrics)
        of_media = Bounds("media", most.media, closed=parts.metrics.count_closed("media"))
        media = await _serve_media(stack, settings, parts, of_media)
        await enter(Usage(parts.store.uses).running())
        if settings.sweep_interval_s:
            kept = timedelta(days=settings.events_kept_days)
            sweeper = Sweeper(parts.store, parts.storage, parts.metrics, events_kept=kept)
            await enter(sweeper.running(settings.sweep_interval_s))
        if settings.alert_interval_s:
            sender = AlertSender(parts.store, parts.metrics, _webhook(settings))
            await enter(sender.running(settings.alert_interval_s))
        await enter(RetirementNotices(offered).running())
        await enter(StallNotices(parts.store.outbox, parts.metrics).running())
        await enter(endpoint)
        probe = await enter(WriteProbe(settings.database, parts.store.database))
        await enter(following_database(endpoint, probe.ask, settings.health_interval_s))
        host = settings.listen.rpartition(":")[0]
        yield Gateway(parts, endpoint, Addresses(endpoint.address, media, f"{host}:{metrics_port}"))


async def _apply_budget(store: Store, limit_micros: int) -> None:
    before = await store.money.default_limit(limit_micros)
    if before is not None:
        fields = {"before_micros": before, "limit_micros": limit_micros}
        _log.warning("daily budget changed", extra=fields)


async def _open_parts(
    stack: AsyncExitStack,
    settings: GatewaySettings,
    storage_settings: StorageSettings,
    make_signals: Callable[[Database], Signals],
) -> Parts:
    enter = stack.enter_async_context
    metrics = GatewayMetrics()
    store = await enter(open_store(settings.database, max_connections=settings.database_pool_max))
    await _refuse_old_schema(store)
    storage = await enter(open_usable(storage_settings))
    metrics.read_connections(store.database.idle)
    store.database.count_expiry = metrics.count_expiry
    signals = make_signals(store.database)
    await enter(signals.running())
    watching = Watching(store, settings.database, silence_s=settings.watch_silence_s)
    watching.listener.count_break = metrics.count_listener_break
    await enter(watching.running())
    return Parts(store, storage, signals, watching, metrics)


async def _services(
    parts: Parts,
    settings: GatewaySettings,
    catalogue: Catalogue,
    url_ttl: timedelta,
    check: TextCheck,
) -> list[Service]:
    """Returns every service of the contract; the styles are read here, once."""
    store, signals, metrics = parts.store, parts.signals, parts.metrics
    styles = await store.styles.list()
    users = KnownUsers(store)
    texts = TextAdmission(check, metrics)
    forecast = Forecast(store.jobs.outlook)
    limits = QueueLimits(settings.max_waiting_jobs, settings.max_waiting_jobs_per_user)
    backlog = Backlog(store.jobs.waiting, forecast, limits)
    observer = Observer(store, settings.gpu_cost)
    cheapest = CheapestOffers(catalogue, observer)
    admission = Admission(
        store,
        signals,
        settings.daily_budget_micros,
        backlog,
        cheapest,
        metrics,
        checks_pictures=settings.image_safety != "none",
    )
    batch_admission = BatchAdmission(store, signals, admission)
    replies = Replies(forecast, parts.storage, url_ttl, catalogue)
    batch_replies = BatchReplies(replies, BatchForecast(store.batches.pace))
    pictures = PictureReader(
        store, catalogue, observer, styles, use_references=settings.use_references
    )
    boards = StoryReader(store, pictures)
    generation = GenerationService(
        store,
        pictures,
        boards,
        observer,
        users,
        texts,
        admission,
        batch_admission,
        replies,
        batch_replies,
        settings.batch_max_concurrent,
    )
    routing = RoutingService(
        store,
        pictures,
        boards,
        catalogue,
        observer,
        admission,
        batch_admission,
        users,
        texts,
        PageReading(store, signals, parts.watching.plans),
        settings.batch_max_concurrent,
    )
    admin = AdminService(store, replies, Steering(store, signals, admission), catalogue)
    watching = parts.watching
    batches = BatchService(store, batch_admission, watching.batches, batch_replies, metrics)
    jobs = JobService(store, admission, watching.jobs, signals, replies, metrics)
    events = EventService(store, watching.feed, metrics)
    images = ImageService(store, parts.storage, signals, replies)
    characters = CharacterService(store, users, texts)
    stories = StoryService(store, users, texts, styles)
    paid = _paid(catalogue, settings)
    payees = Providers(paid, PROVIDERS.keys() - paid)
    budgets = BudgetService(store, observer, settings.daily_budget_micros, payees)
    await _apply_budget(store, settings.daily_budget_micros)
    return [
        Service("imggen.v1.GenerationService", partial(add_generation, generation)),
        Service("imggen.v1.RoutingService", partial(add_routing, routing)),
        Service("imggen.v1.BatchService", partial(add_batches, batches)),
        Service("imggen.v1.BudgetService", partial(add_budgets, budgets)),
        Service("imggen.v1.AdminService", partial(add_admin, admin)),
        Service("imggen.v1.JobService", partial(add_jobs, jobs)),
        Service("imggen.v1.EventService", partial(add_events, events)),
        Service("imggen.v1.ImageService", partial(add_images, images)),
        Service("imggen.v1.CharacterService", partial(add_characters, characters)),
        Service("imggen.v1.StoryService", partial(add_stories, stories)),
        Service("imggen.v1.StyleService", partial(add_styles, StyleService(styles, catalogue))),
    ]


def _paid(catalogue: Catalogue, settings: GatewaySettings) -> set[str]:
    """Returns the providers that cost money: those of models, and the one that reads pages."""
    return {*catalogue.paid, settings.chat_provider}


def token_verifier(settings: GatewaySettings) -> TokenVerifier:
    """Returns a verifier that uses the key set where there is one, else the shared secret."""
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


def _webhook(settings: GatewaySettings) -> Webhook | None:
    if not settings.alert_webhook_url:
        return None
    return Webhook(settings.alert_webhook_url, settings.alert_webhook_secret.get_secret_value())


async def _refuse_old_schema(store: Store) -> None:
    lacking = await missing(store.database)
    if lacking:
        raise RuntimeError(
            f"the database lacks {', '.join(lacking)}; run `python -m server migrate` first"
        )


async def _listen(
    stack: AsyncExitStack, settings: GatewaySettings, name: str, app: Application, bounds: Bounds
) -> int:
    """Serves on the port that a setting names, and returns what was bound; raises CannotStart."""
    port: int = getattr(settings, name)
    try:
        return await stack.enter_async_context(serve_http(app, settings.host, port, bounds))
    except OSError as error:
        raise cannot_listen(f"IMGGEN_{name.upper()}", settings.host, port, error) from error


async def _serve_media(
    stack: AsyncExitStack, settings: GatewaySettings, parts: Parts, bounds: Bounds
) -> str:
    if not isinstance(parts.storage, FolderStorage):
        return ""
    app = media_app(parts.storage, parts.store.images.shows)
    port = await _listen(stack, settings, "http_port", app, bounds)
    return f"{settings.listen.rpartition(':')[0]}:{port}"

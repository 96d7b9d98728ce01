"""The whole gateway: opens its parts in order, serves, and closes them in reverse."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

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
from server.admission.upscales import UpscaleAdmission
from server.admission.users import KnownUsers
from server.clock import SYSTEM_CLOCK, Clock, DatabaseClock
from server.edge.addresses import Addresses
from server.edge.binding import serve_at
from server.edge.endpoint import Endpoint, Service
from server.edge.files import file_limit, raise_file_limit, shares
from server.edge.health import health
from server.edge.http import Bounds
from server.edge.media import media_app
from server.edge.monitor import GatewayMonitor, monitor_app
from server.forecast.batches import BatchForecast
from server.forecast.jobs import Forecast
from server.identity.keys import KeySet, SharedSecret
from server.identity.tokens import TokenRules, TokenVerifier
from server.metrics import GatewayMetrics
from server.processes.part import Orders, Part, tied
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


async def serve(
    settings: GatewaySettings,
    storage_settings: StorageSettings,
    announce: Callable[[Addresses], None],
    part: Part | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, then drains; a second signal ends it at once.

    As a part of several processes it serves until its supervisor ends it. A database that is away
    is waited for. Raises CannotStart.
    """
    limit = raise_file_limit()
    if limit < _FEW_FILES:
        _log.warning("few files", extra={"limit": limit})
    url = settings.database_url
    tell_redirections(storage_settings)
    stopping = stop_signal() if part is None else nullcontext(part.stop)
    with stopping as stop, needing_database(url):
        async with AsyncExitStack() as stack:
            async with unless(stop):
                await until_open(settings.database, settings.start_wait_s)
                gateway = await stack.enter_async_context(
                    open_gateway(settings, storage_settings, part=part)
                )
            if not stop.is_set():
                if settings.serves_unchecked_pictures:
                    _log.warning("pictures not checked", extra={"listen": settings.listen})
                _log.info("listening", extra=asdict(gateway.addresses))
                announce(gateway.addresses)
                await stop.wait()
                _log.info("draining", extra={"drain_s": settings.drain_s})
    _log.info("stopped")


async def serve_part(
    settings: GatewaySettings, storage_settings: StorageSettings, orders: Orders
) -> None:
    """Serves as one of several processes until its supervisor ends it, or has ended."""
    async with tied(orders) as part:
        await serve(orders.applied(settings), storage_settings, lambda _: part.say_ready(), part)


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
    part: Part | None = None,
    clock: DatabaseClock | None = None,
) -> AsyncIterator[Gateway]:
    """Runs a gateway while it is entered; leaving it drains it.

    `catalogue` replaces the models that the settings name; `make_signals` makes what tells
    other processes of changes; `gate` is one that other gateways of the process check texts by;
    `clock` is set by the database's and tells all times that callers get; `part` says that several
    processes share its ports.
    Raises Unavailable when the database is away, RuntimeError when it lacks migrations, and
    CannotStart when an address cannot be bound.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        # Closed last, with what the drain adds.
        traces = await enter(open_traces(settings.otlp_endpoint, "imggen-gateway"))
        parts = await _open_parts(stack, settings, storage_settings, make_signals, clock)
        offered = catalogue or settings.catalogue()
        services = await _services(
            parts,
            settings,
            offered,
            timedelta(seconds=storage_settings.url_ttl_s),
            settings.text_check(gate),
        )
        endpoint = Endpoint(
            settings,
            services,
            token_verifier(settings, parts.store.clock),
            parts.metrics,
            traces,
            shares_port=part is not None,
        )
        fleet = FleetMetrics(parts.store, parts.metrics, _paid(offered, settings), offered)
        monitor = GatewayMonitor(parts.metrics, lambda: endpoint.serving, fleet.refresh)
        metrics = await _serve_metrics(stack, settings, monitor, part)
        media = await _serve_media(stack, settings, parts, part)
        if part is None or part.first:
            await _look_after(stack, settings, parts, offered)
        await enter(endpoint)
        await enter(health(endpoint, settings, parts.store))
        yield Gateway(parts, endpoint, Addresses(endpoint.address, media, metrics))


async def _look_after(
    stack: AsyncExitStack, settings: GatewaySettings, parts: Parts, offered: Catalogue
) -> None:
    """Does in the background what one process of a gateway is enough for."""
    enter = stack.enter_async_context
    await enter(Usage(parts.store.uses).running())
    if settings.sweep_interval_s:
        kept = timedelta(days=settings.events_kept_days)
        sweeper = Sweeper(parts.store, parts.storage, parts.metrics, events_kept=kept)
        await enter(sweeper.running(settings.sweep_interval_s))
    if settings.alert_interval_s:
        sender = AlertSender(parts.store, parts.metrics, _webhook(settings))
        await enter(sender.running(settings.alert_interval_s))
    await enter(RetirementNotices(offered, parts.store.clock).running())
    await enter(StallNotices(parts.store.outbox, parts.metrics).running())


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
    clock: DatabaseClock | None,
) -> Parts:
    enter = stack.enter_async_context
    metrics = GatewayMetrics()
    store = await enter(
        open_store(settings.database, max_connections=settings.database_pool_max, clock=clock)
    )
    metrics.read_skew(lambda: store.clock.skew_s)
    await _refuse_old_schema(store)
    storage = await enter(open_usable(storage_settings, store.clock))
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
    forecast = Forecast(store.jobs.outlook, store.clock)
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
    replies = Replies(forecast, parts.storage, url_ttl, catalogue, store.clock)
    batch_replies = BatchReplies(replies, BatchForecast(store.batches.pace, store.clock))
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
        UpscaleAdmission(store, signals, backlog, metrics),
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


def token_verifier(settings: GatewaySettings, clock: Clock = SYSTEM_CLOCK) -> TokenVerifier:
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
    return TokenVerifier(keys, rules, clock)


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


async def _serve_metrics(
    stack: AsyncExitStack, settings: GatewaySettings, monitor: GatewayMonitor, part: Part | None
) -> str:
    """Answers for the gateway on the metrics port, or to the supervisor of several processes."""
    if part is not None:
        part.answer_from(monitor)
        return ""
    most = shares(file_limit(), settings.database_pool_max).monitor
    bounds = Bounds("metrics", most, closed=monitor.metrics.count_closed("metrics"))
    port = await serve_at(stack, settings, "metrics_port", monitor_app(monitor), bounds)
    return f"{settings.listen.rpartition(':')[0]}:{port}"


async def _serve_media(
    stack: AsyncExitStack, settings: GatewaySettings, parts: Parts, part: Part | None
) -> str:
    if not isinstance(parts.storage, FolderStorage):
        return ""
    most = shares(file_limit(), settings.database_pool_max).media
    closed = parts.metrics.count_closed("media")
    bounds = Bounds("media", most, closed=closed, shared=part is not None)
    app = media_app(parts.storage, parts.store.images.shows)
    port = await serve_at(stack, settings, "http_port", app, bounds)
    return f"{settings.listen.rpartition(':')[0]}:{port}"

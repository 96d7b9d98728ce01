"""The whole store: statements by noun, on the pool or inside a transaction."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from server.clock import DatabaseClock
from server.databases import Address
from server.domain.characters import FrozenCharacter
from server.domain.ids import CharacterId, JobId, UserId
from server.domain.jobs import Claim, Job, NewJob, Outcome, RequestKey
from server.store.actions import Actions
from server.store.alerts import Alerts
from server.store.allowed_texts import AllowedTexts
from server.store.batches import Batches
from server.store.budgets import Budgets
from server.store.calls import Calls
from server.store.canaries import Canaries
from server.store.characters import Characters
from server.store.database import Database, Executor, open_database
from server.store.demands import Demands
from server.store.fleet import Fleet
from server.store.health import Health
from server.store.histories import Histories
from server.store.images import Images
from server.store.jobs import Jobs
from server.store.leases import Leases
from server.store.money import Money
from server.store.offers import Offers
from server.store.outbox import Outbox
from server.store.overview import Overviews
from server.store.paused import PausedLanes
from server.store.plans import Plans
from server.store.references import References
from server.store.retries import Retries
from server.store.reuse import Reuses
from server.store.routes import Routes
from server.store.scenes import Scenes
from server.store.selections import Selections
from server.store.stories import Stories
from server.store.styles import Styles
from server.store.submits import NotCovered, Submits
from server.store.together import Together
from server.store.upscales import Upscales
from server.store.users import Users
from server.store.uses import Uses
from server.store.watches import Watches
from server.store.workers import Workers


class Statements:
    """The statements by noun, all on the same executor."""

    def __init__(self, database: Executor) -> None:
        self.actions = Actions(database)
        self.alerts = Alerts(database)
        self.allowed_texts = AllowedTexts(database)
        self.batches = Batches(database)
        self.budgets = Budgets(database)
        self.calls = Calls(database)
        self.canaries = Canaries(database)
        self.characters = Characters(database)
        self.demands = Demands(database)
        self.fleet = Fleet(database)
        self.health = Health(database)
        self.histories = Histories(database)
        self.images = Images(database)
        self.jobs = Jobs(database)
        self.leases = Leases(database)
        self.money = Money(database)
        self.offers = Offers(database)
        self.outbox = Outbox(database)
        self.overviews = Overviews(database)
        self.paused_lanes = PausedLanes(database)
        self.plans = Plans(database)
        self.references = References(database)
        self.retries = Retries(database)
        self.reuses = Reuses(database)
        self.routes = Routes(database)
        self.scenes = Scenes(database)
        self.selections = Selections(database)
        self.stories = Stories(database)
        self.styles = Styles(database)
        self.submits = Submits(database)
        self.users = Users(database)
        self.upscales = Upscales(database)
        self.uses = Uses(database)
        self.watches = Watches(database)
        self.workers = Workers(database)


class Store(Statements):
    """Runs each statement by itself, or several in one transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.database = database
        self._submit_together = Together(self.submits.submit_each)
        self._submit_paid_together = Together(self._submit_paid_each)
        self._replays = Together(self.jobs.replay_each)
        self._freezes = Together(self.characters.freeze_each)
        self._completions = Together(self.leases.complete_each)
        # Two at once, so that one connection that nobody answers holds up no other reader.
        self._jobs = Together(self.jobs.get_each, at_once=2)

    @property
    def clock(self) -> DatabaseClock:
        """The time of the database."""
        return self.database.clock

    async def submit(self, job: NewJob) -> Job | None:
        """Commits a job together with others that are submitted at the same moment.

        Returns None when the request_id is taken.
        """
        return await self._submit_together(job)

    async def submit_paid(self, job: NewJob, limit_micros: int) -> tuple[Job | None, str]:
        """Commits a job and its hold together with others, as `submit` does.

        Returns None and the scope of a budget that does not cover it: then nothing is committed.
        `limit_micros` is the global limit where none is stored.
        """
        return await self._submit_paid_together((job, limit_micros))

    async def _submit_paid_each(
        self, asked: Sequence[tuple[NewJob, int]]
    ) -> list[tuple[Job | None, str]]:
        """Commits all with their holds, or none; raises NotCovered for several at once."""
        limit_micros = min(limit for _, limit in asked)
        try:
            jobs = await self.submits.submit_paid_each([job for job, _ in asked], limit_micros)
        except NotCovered as error:
            if len(asked) > 1:
                raise  # and each is tried by itself: the rest of a budget may cover some
            return [(None, error.scope)]
        return [(job, "") for job in jobs]

    async def job(self, user: UserId, job: JobId) -> Job | None:
        """Returns a job of the user, read together with others that are asked for at the moment."""
        return await self._jobs((user, job))

    async def replay_job(self, user: UserId, request: RequestKey) -> tuple[Job, bool] | None:
        """Returns the job of a request_id, and whether it came from the same request.

        It is looked up together with others that are asked for at the same moment.
        """
        return await self._replays((user, request))

    async def freeze(
        self, user: UserId, characters: Sequence[CharacterId]
    ) -> dict[CharacterId, FrozenCharacter]:
        """Returns the characters that the user has, of those asked for, as they are now."""
        return await self._freezes((user, characters))

    async def complete(self, claim: Claim, outcome: Outcome) -> bool:
        """Ends a job together with others that end at the same moment.

        Returns False when its lease is lost.
        """
        if claim.upscale is not None:
            return await self.upscales.complete(claim, outcome)
        return await self._completions((claim, outcome))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """Yields the statements inside one transaction: all take effect or none does."""
        async with self.database.transaction() as executor:
            yield Statements(executor)

    @asynccontextmanager
    async def alone(self, what: str) -> AsyncIterator[Statements | None]:
        """Yields the statements to one process of the fleet at a time; None while another works.

        `what` names the work. Each statement takes effect by itself.
        """
        async with self.database.alone(what) as executor:
            yield None if executor is None else Statements(executor)


@asynccontextmanager
async def open_store(
    where: str | Address,
    *,
    max_connections: int = 10,
    synchronous_commit: bool = True,
    clock: DatabaseClock | None = None,
    warns: bool = True,
) -> AsyncIterator[Store]:
    """Opens a store on a database that has been migrated, and closes it at the end."""
    async with open_database(
        where,
        max_size=max_connections,
        synchronous_commit=synchronous_commit,
        clock=clock,
        warns=warns,
    ) as database:
        yield Store(database)

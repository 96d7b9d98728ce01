"""Planning: a page is read, and what each model would not show of it is kept; nothing is drawn."""

from actors.worker.attempt import Drawing
from actors.worker.losses import LossReader
from actors.worker.reporting import Reporter
from actors.worker.stages import StageClock
from server.domain.jobs import Claim, Outcome
from server.domain.states import Lane, Stage


class Planner:
    """Reads the pages of plans."""

    def __init__(self, losses: LossReader) -> None:
        self._losses = losses

    async def read(self, claim: Claim) -> Outcome:
        """Keeps the scene of a page, and what each model would not show of it."""
        clock = StageClock()
        with clock.measure(Stage.RESOLVING):
            await self._losses.read(claim)
        return Outcome("", "", (), clock.stage_ms, 0)


class DrawingOrReading:
    """Draws pictures, and reads the pages of plans."""

    def __init__(self, drawing: Drawing, planner: Planner) -> None:
        self._drawing = drawing
        self._planner = planner

    async def draw(self, claim: Claim, reporter: Reporter) -> Outcome:
        """Returns the outcome of a job of any lane; raises the error of what has failed."""
        if claim.lane is Lane.READ:
            return await self._planner.read(claim)
        return await self._drawing.draw(claim, reporter)

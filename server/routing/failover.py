"""Failover: what follows each way in which a provider's call can fail, in one table."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FailureKind(StrEnum):
    """The way in which a call failed."""

    NOT_CONNECTED = "not_connected"  # no connection, or no TLS: the request was never sent
    OUTCOME_UNKNOWN = "outcome_unknown"  # 408, 5xx, cut or silent after the request was sent
    RATE_LIMITED = "rate_limited"  # 429 with a delay, in a header or in the message
    ACCOUNT_STOPPED = "account_stopped"  # no quota, the account's own limit, 401, 403
    MODEL_GONE = "model_gone"  # the provider does not know the model, or has retired it
    MODERATED = "moderated"  # the prompt was refused before a picture was drawn
    MODERATED_OUTPUT = "moderated_output"  # the picture was refused after it was drawn
    REFUSED = "refused"  # another 4xx: the request was wrong, which is our fault
    UNREADABLE = "unreadable"  # 200, and its picture cannot be read


class Billed(StrEnum):
    """Whether a failed call is on the provider's invoice."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"  # counts as billed until it is known
    BY_ROW = "by_row"  # as the catalogue's row says of refusals; unknown counts as billed


class Effect(StrEnum):
    """What a failure does to the provider for everybody's calls."""

    ANSWERED = "answered"  # it is well: its row of failures ends, and so does its probe
    COUNTS = "counts"  # towards the breaker's limit
    WAITS = "waits"  # no calls for as long as the provider asked
    OFF = "off"  # no calls until an operator, or a slow probe, finds it well
    MODEL_OFF = "model_off"  # no calls of this model until an operator turns it on


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows a failure; the job fails unless it `goes_on` with the next offer.

    `alerts` is whether an operator is told. A next offer after a call that is billed is a second
    payment for the same picture; the calls that were made say so, and the job's cap must allow it.
    """

    billed: Billed
    effect: Effect
    goes_on: bool
    alerts: bool = False

    @property
    def waits(self) -> bool:
        """Whether a job without another offer waits for this one, and spends no retry.

        Nothing was drawn or billed, and the provider's health says when it may be asked again.
        """
        return self.billed is Billed.NO and self.effect is not Effect.ANSWERED


RULES = MappingProxyType(
    {
        FailureKind.NOT_CONNECTED: Rule(Billed.NO, Effect.COUNTS, goes_on=True),
        FailureKind.OUTCOME_UNKNOWN: Rule(Billed.UNKNOWN, Effect.COUNTS, goes_on=True),
        FailureKind.RATE_LIMITED: Rule(Billed.NO, Effect.WAITS, goes_on=True),
        FailureKind.ACCOUNT_STOPPED: Rule(Billed.NO, Effect.OFF, goes_on=True, alerts=True),
        FailureKind.MODEL_GONE: Rule(Billed.NO, Effect.MODEL_OFF, goes_on=True, alerts=True),
        FailureKind.MODERATED: Rule(Billed.BY_ROW, Effect.ANSWERED, goes_on=False),
        FailureKind.MODERATED_OUTPUT: Rule(Billed.YES, Effect.ANSWERED, goes_on=False),
        FailureKind.REFUSED: Rule(Billed.NO, Effect.ANSWERED, goes_on=True, alerts=True),
        FailureKind.UNREADABLE: Rule(Billed.YES, Effect.ANSWERED, goes_on=True),
    }
)
"""The rule of each kind of failure."""

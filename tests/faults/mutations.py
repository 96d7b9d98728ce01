"""The mutations: for each guard against loss, the build that lacks it."""

from server.domain.spec import SPEC_VERSION
from tests.faults.builds import Edit, Mutation

_ENDINGS = "server/store/endings.py"
_LEASES = "server/store/leases.py"
_WORKER = "actors/worker/loop.py"

# The parameters stay in the statements, since Postgres must know their types.
NO_ATTEMPT_CHECK = Mutation(
    "no attempt check",
    (
        Edit(
            _LEASES,
            "WHERE id = $1 AND attempt = $2 AND status",
            "WHERE id = $1 AND $2::integer IS NOT NULL AND status",
            times=2,
        ),
        Edit(
            _ENDINGS,
            "WHERE j.id = $1 AND j.attempt = $2 AND j.status",
            "WHERE j.id = $1 AND $2::integer IS NOT NULL AND j.status",
        ),
        Edit(
            _LEASES,
            "j.attempt = held.attempt AND j.status",
            "held.attempt IS NOT NULL AND j.status",
        ),
        Edit(
            _ENDINGS,
            "j.attempt = held.attempt AND j.status",
            "held.attempt IS NOT NULL AND j.status",
        ),
        Edit(
            _ENDINGS,
            "j.attempt = asked.attempt AND j.status",
            "asked.attempt IS NOT NULL AND j.status",
        ),
        Edit(
            "server/store/completions.py",
            "j.attempt = asked.attempt AND j.status",
            "asked.attempt IS NOT NULL AND j.status",
        ),
    ),
)

NOTIFY_ONLY = Mutation(
    "NOTIFY only",
    (
        Edit(_WORKER, "asyncio.timeout(self._settings.poll_s)", "asyncio.timeout(None)"),
        Edit(
            "server/watching/loop.py",
            "await asyncio.sleep(self._poll_s)",
            "await asyncio.Event().wait()",
        ),
    ),
)

REQUESTS_FORGOTTEN = Mutation(
    "request_ids are forgotten",
    (
        Edit(
            "server/admission/replay.py",
            """\
    earlier = await _replayed(user, key, find)
    if earlier is None:
        earlier = await _made_or_replayed(user, key, find, make)
""",
            """\
    earlier = await _made_or_replayed(user, key, find, make)
""",
        ),
        Edit(
            "server/store/submits.py",
            "ON CONFLICT (user_id, request_id) WHERE request_id IS NOT NULL DO NOTHING",
            "",
        ),
    ),
    ("DROP INDEX jobs_request",),
)

NO_RESCUE = Mutation(
    "no rescue",
    (Edit(_ENDINGS, "lease_expires_at < now()", "lease_expires_at < now() - interval '1 day'"),),
)

NO_TURNS = Mutation(
    "the oldest first",
    (
        Edit(
            "server/store/claims.py",
            "ORDER BY l.priority, l.turn, l.queued_at LIMIT",
            "ORDER BY l.priority, l.queued_at LIMIT",
        ),
    ),
)

NO_PATIENCE = Mutation(
    "ends are written once",
    (
        Edit(
            "actors/worker/patience.py",
            "if self._draining() and waited_s >= self._lease_s",
            "if waited_s >= 0",
        ),
    ),
)

DAMAGE_BREAKS_CLAIMS = Mutation(
    "damage breaks claims",
    (Edit(_LEASES, "except UNFIT:", "except ():"),),
)

NO_QUEUE_LIMIT = Mutation(
    "no queue limit",
    (Edit("server/admission/backlog.py", "if not limits.all and not limits.user:", "if limits:"),),
)

DRAIN_ENDS_CALLS = Mutation(
    "a drain ends calls permanently",
    (
        Edit(
            "server/edge/calls.py",
            "from server.errors import Unavailable",
            "from server.errors import FailedPrecondition as Unavailable",
        ),
    ),
)

STORED_ONCE = Mutation(
    "objects are put once",
    (Edit("actors/worker/storing.py", "await self._wait(key, error, pause)", "raise"),),
)

OBJECTS_STAY = Mutation(
    "objects of failed attempts stay",
    (Edit("actors/worker/storing.py", "await self._storage.delete(key)", "pass"),),
)

RECORDS_UNREAD = Mutation(
    "renders begin anew",
    (Edit("actors/worker/records.py", "self._claim.attempt == 1", "self._claim.attempt >= 1"),),
)

ABSENCE_IS_A_FAULT = Mutation(
    "an absent database is a fault",
    (
        Edit(
            "server/store/database.py",
            "            return DatabaseAway(cause)",
            "            return _without_row(error)",
        ),
    ),
)

_CAUSES = "server/store/causes.py"

READ_ONLY_IS_A_FAULT = Mutation(
    "a read-only database is a fault",
    (Edit(_CAUSES, '    READ_ONLY: (Meaning.AWAY, "it is read-only"),\n', ""),),
)

NO_DATABASE_IS_A_FAULT = Mutation(
    "a missing database is a fault",
    (
        Edit(
            _CAUSES,
            '    "3D000": (Meaning.SETTING, "there is no database of that name"),\n',
            "",
        ),
    ),
)


def _in_function(name: str, old: str, new: str) -> str:
    """Returns the statement that replaces a text in a function of the database."""
    return f"""
        DO $do$
        DECLARE body text := pg_get_functiondef('{name}'::regproc);
        BEGIN
          IF position($old${old}$old$ IN body) = 0 THEN
            RAISE EXCEPTION '{name}: update the mutation in tests/faults/mutations.py';
          END IF;
          EXECUTE replace(body, $old${old}$old$, $new${new}$new$);
        END $do$
    """


CALLS_UNCHECKED = Mutation(
    "calls begin unchecked",
    (),
    (_in_function("begin_call", "next] END, true)", "next] END, false)"),),
)

LOST_ANSWERS_ARE_FREE = Mutation(
    "lost answers cost nothing",
    (),
    (_in_function("release_money", "cost_micros = c.held_micros", "cost_micros = 0"),),
)

_VERSION_BEFORE = Edit(
    "server/domain/spec.py", f"SPEC_VERSION = {SPEC_VERSION}", f"SPEC_VERSION = {SPEC_VERSION - 1}"
)

VERSION_BEFORE = Mutation("the version before", (_VERSION_BEFORE,))
"""No fault: the version before this one, whose workers read no spec of this one."""

ANY_VERSION = Mutation(
    "workers take any version",
    (
        _VERSION_BEFORE,
        Edit(
            "server/store/claims.py",
            "AND l.spec_version <= $2 AND l.job_id",
            "AND l.spec_version <= $2 + 100 AND l.job_id",
        ),
    ),
)

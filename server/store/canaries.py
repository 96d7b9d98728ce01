"""Canaries: what they drew, and what the models that they would replace drew meanwhile."""

from collections.abc import Iterable, Sequence

from server.domain.canaries import Comparison, Record
from server.store.database import Executor
from server.store.database import Record as Row

# Attempts of which chance decided who draws them: the canary was an offer, and so was another
# model, neither of them because yet another one had failed, or because the job was late. Those of a
# lease that was lost, released or cancelled say nothing about the model, nor do those whose call
# was not made, since no budget or limit covered it.
_AFTER_OTHERS = """'{"losers": [{"exclusion": "failed_before"}]}'"""
"""The part of a route that names a model which failed in an attempt of the job."""

_COMPARED = f"""
WITH drawn AS (
  SELECT asked.canary, a.job_id, a.attempt, a.outcome, a.error_reason, a.started_at, a.finished_at,
    a.route -> 'offers' -> 1 ->> 'model' AS second
  FROM unnest($1::text[]) AS asked (canary) CROSS JOIN LATERAL (
    SELECT * FROM attempts WHERE model = asked.canary AND outcome IN ('completed', 'failed')
      AND finished_at > now() - interval '7 days'
    ORDER BY finished_at DESC LIMIT 2000
  ) AS a
  WHERE a.route @> '{{"canary": true}}' AND NOT a.route @> {_AFTER_OTHERS}
), replaced AS (
  SELECT canary, mode() WITHIN GROUP (ORDER BY second) AS model, min(finished_at) AS since
  FROM drawn GROUP BY canary
), rest AS (
  SELECT replaced.canary, replaced.model, a.*
  FROM replaced CROSS JOIN LATERAL (
    SELECT job_id, attempt, outcome, error_reason, started_at, finished_at, route FROM attempts
    WHERE attempts.model = replaced.model AND outcome IN ('completed', 'failed')
      AND finished_at >= replaced.since
    ORDER BY finished_at DESC LIMIT 5000
  ) AS a
  WHERE NOT a.route @> '{{"canary": true}}' AND NOT a.route @> '{{"late": true}}'
    AND NOT a.route @> {_AFTER_OTHERS}
    AND a.route -> 'offers' @> jsonb_build_array(jsonb_build_object('model', replaced.canary))
), compared AS (
  SELECT canary, canary AS model, job_id, attempt, outcome, error_reason, started_at, finished_at
  FROM drawn JOIN replaced USING (canary) WHERE drawn.second = replaced.model
  UNION ALL
  SELECT canary, model, job_id, attempt, outcome, error_reason, started_at, finished_at FROM rest
)
SELECT replaced.canary, replaced.model AS replaced, replaced.since, one.model,
  count(*) FILTER (WHERE outcome = 'completed') AS pictures,
  count(*) FILTER (WHERE outcome = 'failed') AS failures,
  round(coalesce(sum(c.cost_micros), 0)
    / nullif(count(*) FILTER (WHERE outcome = 'completed'), 0))::bigint AS cost_micros,
  avg(extract(epoch FROM one.finished_at - one.started_at))
    FILTER (WHERE outcome = 'completed')::float AS seconds,
  avg(i.quality_score) FILTER (WHERE outcome = 'completed')::float AS score
FROM replaced JOIN compared AS one USING (canary)
JOIN image_generation_jobs j ON j.id = one.job_id LEFT JOIN images i ON i.id = j.image_id
LEFT JOIN calls c ON c.job_id = one.job_id AND c.attempt = one.attempt AND c.call = 'render'
WHERE c.job_id IS NOT NULL
  OR coalesce(one.error_reason, '') NOT IN ('NO_ELIGIBLE_OFFER', 'BUDGET_EXHAUSTED')
GROUP BY replaced.canary, replaced.model, replaced.since, one.model
"""


class Canaries:
    """Runs the statement on canaries."""

    def __init__(self, database: Executor) -> None:
        self._database = database

    async def compare(self, models: Sequence[str]) -> dict[str, Comparison]:
        """Returns canaries beside what they would replace, by model, over the last 7 days.

        It looks at the latest 2,000 attempts of each, and 5,000 of the other model. One that drew
        nothing as a canary is left out.
        """
        rows = await self._database.fetch(_COMPARED, list(models)) if models else []
        return {
            row["canary"]: Comparison(
                row["since"],
                _record(rows, row["canary"], row["canary"]),
                _record(rows, row["canary"], row["replaced"]),
            )
            for row in rows
        }


def _record(rows: Iterable[Row], canary: str, model: str) -> Record:
    for row in rows:
        if (row["canary"], row["model"]) == (canary, model):
            return Record(
                model=model,
                pictures=row["pictures"],
                failures=row["failures"],
                cost_micros=row["cost_micros"],
                seconds=row["seconds"],
                score=row["score"],
            )
    return Record(model)

"""The fields of every log line of an attempt."""

from server.domain.jobs import Claim


def fields_of(claim: Claim) -> dict[str, object]:
    """Returns which attempt of which job a line is about, and nothing of what the job shows."""
    return {
        "job_id": str(claim.job_id),
        "user_id": str(claim.user_id),
        "attempt": claim.attempt,
        "provider": claim.provider,
    }

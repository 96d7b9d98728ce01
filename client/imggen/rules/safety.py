"""The error for a text that breaks a rule of what texts may say."""

from imggen.errors import InvalidRequest, Violation
from imggen.v1 import errors_pb2 as reasons


def text_refused(
    field: str, *, stage: str, category: str, rule: str, digest: str, is_joined: bool = False
) -> InvalidRequest:
    """Returns the error for a refused text: it names the field and the rule, and no word.

    `is_joined` is whether it breaks the rule only together with the other texts of the request.
    """
    why = refusal_of(category=category, rule=rule, digest=digest, is_joined=is_joined)
    reason = reasons.ERROR_REASON_CONTENT_POLICY
    return InvalidRequest(
        f"{field}: {why}",
        reason,
        violations=(Violation(field, why, reason),),
        metadata={
            "field": field,
            "stage": stage,
            "category": category,
            "rule": rule,
            "text_sha256": digest,
        },
    )


def refusal_of(*, category: str, rule: str, digest: str, is_joined: bool = False) -> str:
    """Returns why a text is refused, and what its author can do."""
    breaks = "breaks, with the other texts of the request," if is_joined else "breaks"
    return (
        f'{breaks} the rule "{rule}" ({category}); change it, or appeal: an operator can allow it'
        f" by its hash, {digest}"
    )

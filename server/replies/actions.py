"""What admins did, as messages."""

from imggen.v1 import admin_pb2
from server.domain.actions import Action, ActionKind

KIND = {
    kind: admin_pb2.AdminActionKind.Value(f"ADMIN_ACTION_KIND_{kind.name}") for kind in ActionKind
}


def action(found: Action) -> admin_pb2.AdminAction:
    """Returns an action as a message."""
    message = admin_pb2.AdminAction(
        action_id=str(found.id),
        by_user_id=str(found.by),
        kind=KIND[found.kind],
        target=found.target,
        jobs=found.jobs,
        allow_unknown_calls=found.allow_unknown_calls,
    )
    message.at.FromDatetime(found.at)
    return message

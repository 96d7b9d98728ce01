"""Field masks: which fields an update changes."""

from google.protobuf.field_mask_pb2 import FieldMask

from imggen.rules.checks import Checks
from imggen.v1 import errors_pb2 as reasons


def masked_fields(checks: Checks, mask: FieldMask, settable: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the fields that a mask names, in the order of `settable`; `*` names all."""
    if list(mask.paths) == ["*"]:
        return settable
    known = f"use some of {', '.join(settable)}, or *"
    if not mask.paths:
        checks.add(
            "update_mask", f"names no field; {known}", reasons.ERROR_REASON_UPDATE_MASK_INVALID
        )
    for path in mask.paths:
        if path not in settable:
            checks.add(
                "update_mask",
                f'"{path[:60]}" cannot be set; {known}',
                reasons.ERROR_REASON_UPDATE_MASK_INVALID,
            )
    return tuple(name for name in settable if name in mask.paths)

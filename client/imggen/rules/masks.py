"""Field masks: which fields an update changes."""

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from imggen.rules.checks import Checks
from imggen.rules.graphemes import first
from imggen.v1 import errors_pb2 as reasons


def masked_fields(
    checks: Checks, mask: FieldMask, given: Message, settable: tuple[str, ...]
) -> tuple[str, ...]:
    """Returns the fields that an update changes, in the order of `settable`.

    They are those that its mask names, where `*` names all; without a mask, those that are set.
    Fields that only the service sets are ignored (AIP-161).
    """
    if set(mask.paths) == {"*"}:
        return settable
    named = list(mask.paths) or [field.name for field, _ in given.ListFields()]
    for path in mask.paths:
        if path not in given.DESCRIPTOR.fields_by_name:
            right = f"use some of {', '.join(settable)}, or * alone"
            checks.add(
                "update_mask",
                f'"{first(path, 60)}" cannot be set; {right}',
                reasons.ERROR_REASON_UPDATE_MASK_INVALID,
            )
    return tuple(name for name in settable if name in named)

"""What a drawing keeps in memory."""

from typing import Any

import torch

from actors.engine.drawing import by_itself


class Full(torch.Tensor):
    """Latents on a device that has no memory for a copy of them."""

    def clone(self, **_: Any) -> torch.Tensor:
        """Fails."""
        raise torch.OutOfMemoryError("CUDA out of memory")


def test_a_part_of_other_latents_stays_one_where_memory_has_no_room_for_its_copy() -> None:
    """It is copied as its drawing leaves the loop, where an error ends all others, too."""
    both = torch.ones(2, 4, 8, 8)
    full = both[:1].as_subclass(Full)
    assert by_itself(full) is full
    copied = by_itself(both[1:])
    assert copied.untyped_storage().nbytes() == copied.nbytes

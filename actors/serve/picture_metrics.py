"""The metric of refused pictures, which Ray exports beside its own."""

from ray.util.metrics import Counter


class RayRefusedPictures:
    """Counts refused pictures, as `ray_imggen_refused_pictures_total` on Ray's metrics port."""

    def __init__(self) -> None:
        self._counter = Counter(
            "imggen_refused_pictures",
            description="Pictures that a classifier refused, by who it is and for what.",
            tag_keys=("classifier", "category"),
        )

    def count(self, classifier: str, category: str) -> None:
        """Counts a picture that was refused."""
        self._counter.inc(tags={"classifier": classifier, "category": category})

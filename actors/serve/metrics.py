"""Metrics of workers, which Ray exports beside its own."""

from ray.util.metrics import Counter

from server.safety.texts import TextStage


class RayRefusals:
    """Counts refused texts, as `ray_imggen_refused_texts_total` on the metrics port of the node."""

    def __init__(self) -> None:
        self._counter = Counter(
            "imggen_refused_texts",
            description="Texts that workers refused, by where they were checked and why.",
            tag_keys=("stage", "category", "rule"),
        )

    def count(self, stage: TextStage, category: str, rule: str) -> None:
        """Counts a text that was refused."""
        self._counter.inc(tags={"stage": stage.value, "category": category, "rule": rule})


class RayRefusedPictures:
    """Counts refused pictures, as `ray_imggen_refused_pictures_total` on Ray's metrics port."""

    def __init__(self) -> None:
        self._counter = Counter(
            "imggen_refused_pictures",
            description="Pictures that a classifier refused, by its name and for what.",
            tag_keys=("classifier", "category"),
        )

    def count(self, classifier: str, category: str) -> None:
        """Counts a picture that was refused."""
        self._counter.inc(tags={"classifier": classifier, "category": category})

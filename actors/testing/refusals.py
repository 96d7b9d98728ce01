"""A count of refused texts that is kept in memory: for tests."""

from collections import Counter

from server.safety.texts import TextStage


class KeptRefusals:
    """Counts refused texts by stage, category and rule."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()

    def count(self, stage: TextStage, category: str, rule: str) -> None:
        """Counts a text that was refused."""
        self.counts[stage, category, rule] += 1

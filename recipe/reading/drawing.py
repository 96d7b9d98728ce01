"""What the pictures of pages show: figures that nobody asked for, and how far pictures differ."""

from collections import defaultdict
from collections.abc import Sequence

from actors.judging.judge import Judge
from recipe.reading.composition import Distances, Ruler
from recipe.reading.corpus import Page
from recipe.reading.pictures import Artist
from recipe.reading.unasked import Counter

COPIES = 4
"""The pictures of a page whose distances are measured: as many as a caller may ask for."""
_NAMES = {1: "one figure", 2: "two figures", 3: "three figures"}


def unasked_lines(artist: Artist, judge: Judge, pages: Sequence[Page]) -> list[str]:
    """Draws pages; returns the lines of a report on figures that nobody asked for."""
    counter = Counter(judge)
    for place, page in enumerate(pages, 1):
        counter.add(page, artist.draw(page, place))
    found = counter.found
    beyond = found.per_hundred(found.of_page)
    return [
        f"figures that nobody asked for: {beyond:.0f} per 100 pages ({found.of_page} on "
        f"{found.pictures} pages)",
        f"  beyond those of the prompt: {found.per_hundred(found.of_prompt):.0f} per 100 pages; "
        f"by mistake of the judge, on drawings by code: "
        f"{found.per_hundred(found.of_judge):.0f} per 100",
    ]


def varied_lines(artist: Artist, judge: Judge, pages: Sequence[Page]) -> list[str]:
    """Draws pages with several seeds each; returns the lines of a report on their distances."""
    ruler = Ruler(judge)
    found: dict[int, Distances] = defaultdict(Distances)
    counts: dict[int, int] = defaultdict(int)
    firsts = []
    for page in pages:
        drawn = [artist.draw(page, seed) for seed in range(1, COPIES + 1)]
        figures = len(drawn[0].scene.characters)
        ruler.add(found[figures], [one.shown for one in drawn])
        counts[figures] += 1
        firsts.append(drawn[0].shown)
    others = Distances()
    ruler.add(others, firsts)
    lines = [f"pictures of a page with {COPIES} seeds: mean distance of pixels, of figures"]
    for figures, distances in sorted(found.items()):
        lines.append(_line(f"{_NAMES[figures]} ({counts[figures]} pages)", distances))
    return [*lines, *([_line("pictures of different pages", others)] if others.pairs else [])]


def _line(name: str, distances: Distances) -> str:
    pixels, figures = distances.means
    return f"  {name:30} {pixels:7.1%} {figures:7.1%}"

"""A model and its finishing in one process: a spec per line on stdin, its times on stdout.

It warms up in one thread and draws in another, as a replica of the diffuser does: with a
single team of threads, libgomp lets waiting threads spin longer, which on a busy machine
makes every picture up to twenty times slower.
"""

import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from actors.engine.allocation import keep_freed_memory
from actors.engine.diffuser import Diffuser
from actors.engine.profiles import profile, render_request
from actors.extractors.pages import page_of, placed
from actors.extractors.rules.reader import RuleReader
from actors.finishing.forms import finish
from actors.finishing.upscaler import Upscaler
from actors.settings import DiffuserSettings
from server.domain.models import Size
from server.domain.scenes import Scene
from server.domain.spec import RenderSpec

# The niceness that Ray 2.60 gives its workers, which slows pictures on a busy machine.
_NICE = 15


def _draw(diffuser: Diffuser, upscaler: Upscaler | None, spec: RenderSpec) -> dict[str, float]:
    """Returns how long the render and the finishing took, in ms."""
    request = render_request(spec, profile(spec.model).dialect.compile(spec, _read(spec)))
    began = time.perf_counter()
    result = diffuser.render(request)
    rendered = time.perf_counter()
    enlarged = upscaler.enlarge(result.png).png if upscaler else None
    display, post_processing = Size(spec.width, spec.height), spec.post_processing
    finish(result.png, spec.image_type, display, enlarged, "", post_processing)
    finished = time.perf_counter()
    return {
        "all": (finished - began) * 1e3,
        "rendering": (rendered - began) * 1e3,
        "finishing": (finished - rendered) * 1e3,
    }


def _read(spec: RenderSpec) -> Scene:
    page = page_of(spec)
    return placed(RuleReader().read(page.text, page.cast, page.before), spec)


def main() -> None:
    """Draws until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    keep_freed_memory()  # as the service's processes do
    settings = DiffuserSettings()
    diffuser, upscaler = Diffuser.load(settings), Upscaler.load(settings)
    diffuser.warm()
    print("ready", flush=True)
    with ThreadPoolExecutor(1) as thread:
        for line in sys.stdin:
            spec = RenderSpec.from_json(json.loads(line))
            print(json.dumps(thread.submit(_draw, diffuser, upscaler, spec).result()), flush=True)


if __name__ == "__main__":
    main()

"""A model and its finishing in one process: a spec per line on stdin, its times on stdout."""

import json
import sys
import time

from actors.finishing import finish
from actors.models.diffuser import Diffuser
from actors.models.profiles import profile, render_request
from actors.settings import DiffuserSettings
from server.domain.models import Size
from server.domain.spec import RenderSpec


def _draw(diffuser: Diffuser, spec: RenderSpec) -> dict[str, float]:
    """Returns how long the render and the finishing took, in ms."""
    request = render_request(spec, profile(spec.model).dialect.compile(spec, spec.scene))
    began = time.perf_counter()
    result = diffuser.render(request)
    rendered = time.perf_counter()
    finish(result.png, spec.image_type, Size(spec.width, spec.height))
    finished = time.perf_counter()
    return {
        "all": (finished - began) * 1e3,
        "rendering": (rendered - began) * 1e3,
        "finishing": (finished - rendered) * 1e3,
    }


def main() -> None:
    """Draws until stdin ends."""
    diffuser = Diffuser.load(DiffuserSettings())
    diffuser.warm()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_draw(diffuser, RenderSpec.from_json(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()

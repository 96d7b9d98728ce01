"""The environment of a gateway process that a test starts."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]


def environment_of(database: str, folder: Path) -> dict[str, str]:
    """Returns what a gateway on free ports needs, with its pictures in a folder."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("IMGGEN_")}
    return plain | {
        "IMGGEN_LISTEN": "127.0.0.1:0",
        "IMGGEN_HTTP_PORT": "0",
        "IMGGEN_METRICS_PORT": "0",
        "IMGGEN_DATABASE_URL": database,
        "IMGGEN_STORAGE_URL": f"file://{folder}/pixels",
        "IMGGEN_URL_SECRET": "a-secret-of-the-tests-with-enough-bytes",
        "IMGGEN_PUBLIC_URL": "http://127.0.0.1:1",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'client'}",
    }

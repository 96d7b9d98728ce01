"""The paths of the configurations in `cluster/load`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOAD = ROOT / "cluster" / "load"
PROTOSET = LOAD / "imggen.protoset"
CONFIGS = sorted(path.relative_to(LOAD).as_posix() for path in LOAD.glob("*/*.json"))

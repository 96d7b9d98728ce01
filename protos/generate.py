"""Generates the checked-in outputs of the contract: the Python stubs in `client/`, and the
descriptors that ghz reads (a protoset) in `cluster/load/`.

Run it in the generator's environment, as `make protos` does. `--check` writes nothing, and
exits with 1 if an output is stale.
"""

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROTOS = Path(__file__).resolve().parent
TARGET = PROTOS.parent / "client" / "imggen" / "v1"
PROTOSET = PROTOS.parent / "cluster" / "load" / "imggen.protoset"
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


def generate(into: Path) -> list[Path]:
    """Writes the stubs and the protoset below `into`; returns the paths of the stubs."""
    sources = sorted(
        path.relative_to(PROTOS).as_posix() for path in (PROTOS / "imggen").rglob("*.proto")
    )
    plugins = Path(sys.executable).parent
    protoc = subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"--proto_path={PROTOS}",
            f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
            f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
            *(f"--{kind}_out={into}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")),
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={into / PROTOSET.name}",
            *sources,
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    if protoc.returncode:
        raise SystemExit(protoc.stderr)
    stubs = sorted(path for path in into.rglob("*") if path.name.endswith(SUFFIXES))
    return [stub for stub in stubs if not _is_empty_service(stub)]


def _is_empty_service(stub: Path) -> bool:
    return "_pb2_grpc" in stub.name and "Servicer(" not in stub.read_text()


def stale(fresh: list[Path]) -> list[str]:
    """Returns the names of stubs that are missing, differ, or no longer have a proto."""
    names = {stub.name for stub in fresh}
    left_over = {
        stub.name
        for stub in TARGET.glob("*")
        if stub.name.endswith(SUFFIXES) and stub.name not in names
    }
    changed = {
        stub.name
        for stub in fresh
        if not (TARGET / stub.name).exists()
        or not filecmp.cmp(stub, TARGET / stub.name, shallow=False)
    }
    return sorted(left_over | changed)


def main() -> int:
    """Generates, or with `--check` compares."""
    with tempfile.TemporaryDirectory() as directory:
        fresh = generate(Path(directory))
        outdated = stale(fresh)
        protoset = Path(directory) / PROTOSET.name
        if not PROTOSET.exists() or not filecmp.cmp(protoset, PROTOSET, shallow=False):
            outdated.append(PROTOSET.name)
        if "--check" in sys.argv[1:]:
            for name in outdated:
                print(f"{name} is stale; run `make protos`")
            return 1 if outdated else 0
        for name in outdated:
            (TARGET / name).unlink(missing_ok=True)
        shutil.copy(protoset, PROTOSET)
        for stub in fresh:
            shutil.copy(stub, TARGET / stub.name)
        print(f"{len(fresh)} stubs and {PROTOSET.name}; {len(outdated)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

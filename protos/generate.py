"""Generates the checked-in outputs of the contract: the Python stubs in `client/`, and the
descriptors with their comments (a protoset) for ghz in `cluster/load/` and, for reflection, in
`server/edge/`.

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
PROTOSETS = (
    PROTOS.parent / "cluster" / "load" / "imggen.protoset",
    PROTOS.parent / "server" / "edge" / "contract.protoset",
)
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


def generate(into: Path, protoset: Path) -> list[Path]:
    """Writes the stubs below `into`, and the protoset; returns the paths of the stubs."""
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
            f"--descriptor_set_out={protoset}",
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
    changed = {stub.name for stub in fresh if not _is_copy(TARGET / stub.name, stub)}
    return sorted(left_over | changed)


def _is_copy(path: Path, original: Path) -> bool:
    return path.exists() and filecmp.cmp(path, original, shallow=False)


def main() -> int:
    """Generates, or with `--check` compares."""
    with tempfile.TemporaryDirectory() as directory:
        protoset = Path(directory) / "protoset"
        fresh = generate(Path(directory), protoset)
        outdated = stale(fresh)
        old = [path for path in PROTOSETS if not _is_copy(path, protoset)]
        if "--check" in sys.argv[1:]:
            for name in (*outdated, *(path.name for path in old)):
                print(f"{name} is stale; run `make protos`")
            return 1 if outdated or old else 0
        for name in outdated:
            (TARGET / name).unlink(missing_ok=True)
        for path in old:
            shutil.copy(protoset, path)
        for stub in fresh:
            shutil.copy(stub, TARGET / stub.name)
        print(f"{len(fresh)} stubs, {len(PROTOSETS)} protosets; {len(outdated) + len(old)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""docs/providers.md: its table is that of the code, and whoever follows it has a provider."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.routing.failover import RULES, Billed, Effect, Rule
from tests.markdown import ROOT, rows, section
from tests.unit.providers_page import MODULE, PAGE, ROWS, block
from tests.wire_stability import KEY

MOST_LINES = 155

_BILLED = {
    Billed.NO: "no",
    Billed.YES: "yes",
    Billed.UNKNOWN: "counts as billed",
    Billed.BY_ROW: "as the row says",
}
_EFFECTS = {
    Effect.ANSWERED: "it answered, so it is well",
    Effect.COUNTS: "counts for the breaker",
    Effect.WAITS: "waits as long as was asked",
    Effect.OFF: "off",
    Effect.MODEL_OFF: "this model is off",
}


def told(rule: Rule) -> list[str]:
    """Returns what the table says of a rule."""
    job = "next offer" if rule.goes_on else "fails with CONTENT_POLICY"
    paid = rule.goes_on and rule.billed is not Billed.NO
    job += ", if a second payment is within the cap" if paid else ""
    return [_BILLED[rule.billed], _EFFECTS[rule.effect], job, "yes" if rule.alerts else "no"]


def test_the_table_of_failures_is_that_of_the_code() -> None:
    table = rows(section(PAGE, "What each failure does"))
    assert [[cells[0], *cells[2:]] for cells in table] == [
        [f"`{kind.value}`", *told(rule)] for kind, rule in RULES.items()
    ]


def test_the_module_is_short_and_clean() -> None:
    assert len(MODULE.text.splitlines()) <= MOST_LINES
    for check in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *check, "--stdin-filename", "actors/stability.py"]
        done = subprocess.run(
            [*command, "-"],
            input=MODULE.text,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_module_has_the_types_of_the_protocol(tmp_path: Path) -> None:
    checked = tmp_path / "checked.py"
    proof = (
        "\nfrom actors.providers.base import Provider\nPROOF: type[Provider] = StabilityProvider\n"
    )
    checked.write_text(MODULE.text + proof)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(checked)],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rows_of_the_page_are_prices_of_credits() -> None:
    for name, credits in (("stable-image-core", 3), ("stable-image-ultra", 8)):
        row = ROWS[name]
        labels = {grade["label"] for grade in row["quality"].values()}
        assert row["price"]["kind"] == "picture"
        assert row["price"]["qualities"] == dict.fromkeys(labels, credits * 10_000)


# The page's steps.

_STEPS = """
import asyncio
from pathlib import Path
from actors.providers.hosted import Accounts, open_providers
from actors.settings import DATA_PLANE_SETTINGS
from server.routing.catalogue import Catalogue
from server.settings_reference import all_settings, settings_page

async def names() -> None:
    rows = Catalogue.read(["stable-image-core", "fake", "stable-image-ultra"], Path("models.toml"))
    async with open_providers(rows.models, Accounts()) as opened:
        print(*(f"{one.name}:{one.model}" for one in opened))

asyncio.run(names())
assert "IMGGEN_STABILITY_API_KEY" in settings_page(all_settings(), DATA_PLANE_SETTINGS)
"""


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A copy of the code to which the page's module, patch and rows were added."""
    for package in ("actors", "server"):
        skipped = shutil.ignore_patterns("checkpoint", "__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=skipped)
    (tmp_path / "actors" / "providers" / "stability.py").write_text(MODULE.text)
    (tmp_path / "models.toml").write_text(block("toml", "[models.stable-image-core]").text)
    done = subprocess.run(
        ["git", "apply", "-C1", "-"],
        input=block("diff", "--- a/server/routing/rows.py").text,
        cwd=tmp_path,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tmp_path


def follow(edited: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the steps in the copy."""
    path = os.pathsep.join((str(edited), str(ROOT / "client")))
    return subprocess.run(
        [sys.executable, "-c", _STEPS],
        cwd=edited,
        env={**os.environ, "PYTHONPATH": path, "COVERAGE_PROCESS_START": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_whoever_follows_the_page_has_its_provider(edited: Path) -> None:
    done = follow(edited, IMGGEN_STABILITY_API_KEY=KEY)
    opened = "stability:stable-image-core stability:stable-image-ultra fake:fake"
    assert (done.stdout.strip(), done.returncode) == (opened, 0), done.stderr


def test_without_its_key_it_is_refused_by_name(edited: Path) -> None:
    done = follow(edited)
    assert "set IMGGEN_STABILITY_API_KEY, too" in done.stderr

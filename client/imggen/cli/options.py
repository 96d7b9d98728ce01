"""Options that several commands have."""

import functools
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from imggen.cli.ignored import refuse_unsaved
from imggen.cli.output_files import checked_file, force_option
from imggen.cli.post_processing import POST_PROCESSING, post_processing_of
from imggen.fields import short_names
from imggen.orders import OptionFields
from imggen.rules.money import MICROS, is_amount
from imggen.v1.image_pb2 import AssetKind

KINDS = list(short_names(AssetKind))[1:]
QUALITIES = ("hd", "standard", "draft")
MIN_QUALITIES = ("draft", "good", "fine", "best")
MOST_DOLLARS = 1_000_000_000
_MOST_SECONDS = 366 * 86_400

Decorator = Callable[[Callable[..., None]], Callable[..., None]]


class Finite(click.FloatRange):
    """A number in a range: "nan", which no range excludes, is none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Returns the number; fails for one that is none."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Dollars(Finite):
    """An amount in US dollars, in whole millionths: less than one would count as nothing."""

    def __init__(self) -> None:
        super().__init__(0, MOST_DOLLARS)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Returns the amount; fails for one that is not 0 and below a millionth."""
        number = super().convert(value, param, ctx)
        if not is_amount(number):
            self.fail(f"{value} is below a millionth of a dollar; use 0, or more.", param, ctx)
        return number


def options(*each: Decorator) -> Decorator:
    """Joins options into one decorator, in the order of the help text."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(each):
            command = option(command)
        return command

    return decorate


def _pairs(
    context: click.Context, option: click.Parameter, values: Sequence[str]
) -> dict[str, str]:
    """Reads `key=value` texts; the first `=` ends the key."""
    wrong = [value for value in values if not value.partition("=")[0] or "=" not in value]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} is not KEY=VALUE", context, option)
    pairs = {key: value for key, _, value in (each.partition("=") for each in values)}
    if len(pairs) < len(values):
        raise click.BadParameter("gives a key twice", context, option)
    return pairs


def _pair(context: click.Context, option: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    pairs = _pairs(context, option, values)
    if len(pairs) > 1:
        raise click.BadParameter("a list is filtered by one pair", context, option)
    return pairs


kind_option = click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="display",
    show_default=True,
    help="The assets that are saved.",
)
style_option = click.option("--style", default="", help="The style; `imggen styles` lists them.")
metadata_option = click.option(
    "--meta",
    "metadata",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_pairs,
    help="Your own words on the job, to find it by; repeatable.",
)
_MAKING = options(
    click.option("--model", default="", help="The model.  [default: chosen by the service]"),
    click.option("--provider", default="", help="The provider, for instance local or openai."),
    click.option("--quality", type=click.Choice(QUALITIES), help="[default: hd]"),
    click.option(
        "--min-quality",
        type=click.Choice(MIN_QUALITIES),
        help="How good the model must be; `imggen providers` shows how good each is.",
    ),
    click.option(
        "--complete-within",
        type=Finite(min=0, max=_MOST_SECONDS, min_open=True),
        metavar="SECONDS",
        help="When the picture must be there; slower models are passed over.",
    ),
    click.option(
        "--max-cost",
        type=Dollars(),
        metavar="DOLLARS",
        help="The most that a picture may cost; 0 takes free models only.",
    ),
    click.option(
        "--references/--no-references",
        default=None,
        help="Draw characters from their references, too, or by their descriptions alone."
        "  [default: set by the service; for a new portrait, not]",
    ),
    click.option(
        "--allow-reuse",
        is_flag=True,
        help="Take an equal picture that is stored already, free: the same content, model and"
        " options, and the seed if you give one.",
    ),
    *POST_PROCESSING,
    metadata_option,
)


def making_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of `OptionFields` to a command, and passes them as its `making`."""

    @_MAKING
    @functools.wraps(command)
    def run(
        *arguments: object,
        model: str,
        provider: str,
        quality: str | None,
        min_quality: str | None,
        complete_within: float | None,
        max_cost: float | None,
        references: bool | None,
        allow_reuse: bool,
        metadata: dict[str, str],
        **others: object,
    ) -> None:
        post_processing = post_processing_of(others)
        making = OptionFields(
            model=model,
            provider=provider,
            quality=quality or "",
            min_quality=min_quality or "",
            complete_by=_in(complete_within),
            max_cost_micros=None if max_cost is None else round(max_cost * MICROS),
            use_references=references,
            allow_reuse=allow_reuse,
            metadata=metadata,
            post_processing=post_processing,
        )
        command(*arguments, making=making, **others)

    return run


def _in(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)


meta_filter = click.option(
    "--meta",
    "metadata",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_pair,
    help="Only those made with this.",
)
_JOB = options(
    click.option(
        "--seed",
        type=click.IntRange(0, 2**32 - 1),
        help="The seed; only models that take one draw then.  [default: random]",
    ),
    click.option("--priority", type=int, help="1 (first) to 3.  [default: 2]"),
    click.option("--no-wait", is_flag=True, help="Print the job without waiting for it."),
    click.option(
        "--output",
        "-o",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=checked_file,
        help="Save the picture to this file.",
    ),
    force_option,
    click.option(
        "--kind",
        type=click.Choice(KINDS),
        default="display",
        show_default=True,
        help="The asset that --output saves.",
    ),
)


def job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of a picture's job to a command; refuses those that would change nothing."""

    @_JOB
    @functools.wraps(command)
    def run(*arguments: object, output: Path | None, no_wait: bool, **others: object) -> None:
        refuse_unsaved(saves=output is not None, waits=not no_wait)
        command(*arguments, output=output, no_wait=no_wait, **others)

    return run

"""Whatever a method of a client is given, it raises an ImggenError, or does what it was told."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from imggen import Character, Client, Gender, Job, SyncClient
from imggen.errors import BadArgument, ImggenError, InvalidRequest, NotSaved
from imggen.testing import FakeService

NOBODY = "68f9b9c8-4f3e-4c2a-8d5a-0f7a1f6f2b11"
BAD: Sequence[Any] = [
    *(None, {}, {"id": "x"}, [], [None], object(), Job(), b"bytes", bytearray(b"bytes")),
    *("\ud800", ["\ud800"], {"a": "\udfff"}, {"a": 1}, {1: "a"}, "a\0b", "a\nb", "", "freckles"),
    *(-1, 0, 2**31, 2**32, 2**63, -(2**63) - 1, 2**64, 10**5000, True, 1.5),
    *(float("nan"), float("inf"), datetime.max, datetime.min),  # noqa: DTZ901
]


def public_methods(kind: type) -> dict[str, Callable[..., Any]]:
    return {
        name: method
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def parameters(method: Callable[..., Any]) -> dict[str, Any]:
    """Returns the arguments of a method with their types, those of `**fields` included."""
    hints = get_type_hints(method)
    found = {}
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            [fields] = get_args(hints[name])
            found.update(get_type_hints(fields))
        elif name != "self":
            found[name] = hints[name]
    return found


def good(name: str, wanted: Any, folder: Path) -> Any:
    """Returns a value that a required argument may have."""
    known = {"path": folder / "image.png", "after_cursor": "oldest", "seconds": 5.0}
    if name in known:
        return known[name]
    kinds = [get_origin(kind) or kind for kind in get_args(wanted) or [wanted]]
    if str in kinds:
        return NOBODY
    return 1 if int in kinds else "local"


def bad_calls(
    method: Callable[..., Any], folder: Path
) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Yields the arguments of calls: each argument in turn has each bad value."""
    signature = inspect.signature(method).parameters
    wanted = parameters(method)
    required = {
        name: good(name, wanted[name], folder)
        for name, parameter in signature.items()
        if name in wanted and parameter.default is parameter.empty
    }
    if method.__name__ == "events":
        required["after_cursor"] = "oldest"  # a feed that begins now has nothing to say
    for name in wanted:
        for bad in BAD:
            if (name, bad) == ("after_cursor", ""):
                continue
            given = {**required, name: bad}
            positional = [
                given.pop(each)
                for each, parameter in signature.items()
                if each in given and parameter.kind is parameter.POSITIONAL_ONLY
            ]
            yield positional, given


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    async with FakeService() as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeService) -> AsyncIterator[Client]:
    async with Client(fake.target) as client:
        mia = await client.create_character(name="Mia")
        story = await client.create_story(title="The Map", style="anime", pages=["One."])
        await client.wait(await client.generate_portrait(mia, style="anime"))
        await client.wait_batch(await client.generate_story(story))
        yield client


@pytest.mark.parametrize("name", public_methods(Client))
async def test_a_method_raises_nothing_but_its_own_errors(
    client: Client, name: str, tmp_path: Path
) -> None:
    method = getattr(client, name)
    for args, kwargs in bad_calls(getattr(Client, name), tmp_path):
        try:
            async with asyncio.timeout(60):
                made = method(*args, **kwargs)
                if inspect.isasyncgen(made):
                    async with aclosing(made):
                        await anext(made, None)
                elif inspect.isawaitable(made):
                    await made
        except ImggenError:
            continue


@pytest.mark.parametrize("name", public_methods(SyncClient))
def test_so_does_a_method_of_the_synchronous_client(name: str, tmp_path: Path) -> None:
    with FakeService() as fake, SyncClient(fake.target) as client:
        client.generate_portrait(client.create_character(name="Mia"), style="anime")
        method = getattr(client, name)
        for args, kwargs in bad_calls(getattr(SyncClient, name), tmp_path):
            try:
                made = method(*args, **kwargs)
                if inspect.isgenerator(made):
                    next(made, None)
                    made.close()
            except ImggenError:
                continue


@pytest.mark.parametrize("kind", [Client, SyncClient])
def test_a_client_is_made_with_good_arguments_or_not_at_all(kind: type, tmp_path: Path) -> None:
    init: Callable[..., Any] = kind.__init__  # type: ignore[misc]
    for _, kwargs in bad_calls(init, tmp_path):
        try:
            made = kind(**kwargs)
        except BadArgument:
            continue
        if kind is SyncClient:
            made.close()


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"seed": 2**32}, "seed", "4294967296 is out of range"),
        ({"seed": -1}, "seed", "-1 is out of range"),
        ({"seed": 1.0}, "seed", "must be an int or None, not 1.0"),
        ({"seed": True}, "seed", "must be an int or None, not True"),
        ({"priority": 2**63}, "priority", "is out of range"),
        ({"max_cost_micros": 2**64}, "max_cost_micros", "is out of range"),
        ({"style": "\ud83d"}, "style", "has a lone surrogate (U+D83D) at position 0"),
        ({"style": b"anime"}, "style", "must be a str, not a bytes"),
        ({"request_id": "a\udfff"}, "request_id", "at position 1"),
        ({"metadata": {"order": 7}}, "metadata", "has a value that must be a str, not an int"),
        ({"metadata": {"a": "b", "order": None}}, "metadata", 'not None, for the key "order"'),
        ({"metadata": {None: "b"}}, "metadata", "has a key that must be a str, not None"),
        ({"metadata": "order"}, "metadata", "must be a Mapping or None, not a str"),
        ({"complete_by": "soon"}, "complete_by", "must be a datetime or None, not a str"),
        ({"colour": "red"}, "colour", "is no argument; use some of"),
    ],
)
async def test_a_bad_argument_is_named_with_what_would_be_right(
    client: Client, fields: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(BadArgument) as raised:
        await client.generate_portrait(NOBODY, **fields)
    [bad] = raised.value.violations
    assert bad.field == field
    assert words in bad.description
    assert isinstance(raised.value, InvalidRequest | ValueError | TypeError)


async def test_all_bad_arguments_are_named_at_once(client: Client) -> None:
    with pytest.raises(BadArgument) as raised:
        await client.create_character(name=7, features="freckles", hair="\ud800")  # type: ignore[arg-type]
    assert [bad.field for bad in raised.value.violations] == ["name", "features", "hair"]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("create_character", {"features": "freckles"}),
        ("create_character", {"traits": "kind"}),
        ("create_story", {"pages": "One morning"}),
        ("create_story", {"character_ids": NOBODY}),
        ("list_jobs", {"statuses": "failed"}),
        ("events", {"kinds": "job"}),
        ("requeue_jobs", {"jobs": NOBODY}),
        ("generate_scene", {"story": NOBODY, "page": NOBODY, "characters": NOBODY}),
    ],
)
async def test_a_text_is_no_list_of_its_letters(
    client: Client, method: str, arguments: dict[str, Any]
) -> None:
    async def call() -> None:
        await getattr(client, method)(**arguments)

    with pytest.raises(BadArgument, match=r"must be a list of .*, not one str; put it in a list"):
        await call()


async def test_a_list_may_be_anything_that_yields_its_items(client: Client) -> None:
    mia = await client.create_character(name="Mia", features=(each for each in ["freckles"]))  # type: ignore[arg-type]
    assert list(mia.features) == ["freckles"]
    again = await client.create_character(name="Mia", features=mia.features)
    assert list(again.features) == ["freckles"]


async def test_none_is_a_field_that_was_not_given(fake: FakeService, client: Client) -> None:
    nothing: dict[str, Any] = dict.fromkeys(("hair", "features", "gender", "age"))
    mia = await client.create_character(name="Mia", **nothing)
    created: Any = fake.requests("CreateCharacter")[-1]
    assert created.character == Character(name="Mia")
    options: dict[str, Any] = dict.fromkeys(
        ("model", "quality", "allow_reuse", "metadata", "story")
    )
    await client.generate_portrait(mia, style="anime", **options)
    without: Any = fake.requests("GeneratePortrait")[0]
    given: Any = fake.requests("GeneratePortrait")[-1]
    given.character_id, given.request_id = without.character_id, without.request_id
    assert given == without
    story = await client.create_story(title="The Map", style="anime", pages=["One."])
    await client.generate_story(story, cover=None, portraits=None, images_per_page=None)  # type: ignore[arg-type]
    asked: Any = fake.requests("GenerateStory")[-1]
    assert (asked.include_cover, asked.include_character_portraits) == (False, True)
    assert asked.images_per_page == 1


async def test_none_clears_what_an_update_names_but_never_all_pages(client: Client) -> None:
    mia = await client.create_character(name="Mia", hair="red", eyes="green")
    changed = await client.update_character(mia, hair=None)
    assert (changed.name, changed.hair, changed.eyes) == ("Mia", "", "green")
    story = await client.create_story(title="The Map", style="anime", pages=["One."])
    with pytest.raises(BadArgument, match="pages: None would delete all pages"):
        await client.update_story(story, pages=None)


@pytest.mark.parametrize("yes", [1, np.bool_(True), np.int64(1)])
async def test_a_bool_may_be_a_number(fake: FakeService, client: Client, yes: Any) -> None:
    mia = await client.create_character(name="Mia")
    await client.generate_portrait(mia, style="anime", use_references=yes, allow_reuse=yes)
    asked: Any = fake.requests("GeneratePortrait")[-1]
    options = asked.options
    assert (options.use_references, options.allow_reuse) == (True, True)
    with pytest.raises(BadArgument, match="allow_reuse: must be a bool, not an int"):
        await client.generate_portrait(mia, style="anime", allow_reuse=2)  # type: ignore[arg-type]


async def test_numbers_may_be_those_of_other_libraries(fake: FakeService, client: Client) -> None:
    numbers: Any = np.array([1, 2])
    mia = await client.create_character(name="Mia", age=numbers[1], gender=numbers[0])
    assert (mia.age, mia.gender) == (2, Gender.GENDER_FEMALE)
    story = await client.create_story(title="The Map", style="anime", pages=["One."])
    seeds: Any = np.array([7], dtype=np.uint32)
    await client.generate_scene(story, numbers[0], seed=seeds[0])
    asked: Any = fake.requests("GenerateScene")[-1]
    assert asked.seed == 7
    assert [job async for job in client.list_jobs(statuses=numbers, page_size=numbers[0])]
    for seconds in (Decimal(5), Fraction(5), np.float32(5), np.int8(5)):
        five: Any = seconds
        assert (await client.with_timeout(five).get_character(mia)).id == mia.id
        image = await client.wait(await client.generate_portrait(mia, style="anime"), timeout=five)
        assert image.id
    for wrong in (numbers, np.bool_(True), Decimal("sNaN")):
        bad: Any = wrong
        with pytest.raises(BadArgument):
            await client.generate_portrait(mia, style="anime", seed=bad)
        with pytest.raises(BadArgument):
            client.with_timeout(bad)


async def test_a_file_that_cannot_be_written_is_an_error_of_the_client(
    fake: FakeService, client: Client, tmp_path: Path
) -> None:
    image = await anext(client.list_images())
    for path in (tmp_path / "missing" / "mia.png", "a\0b.png", "\ud800.png", "x" * 300):
        with pytest.raises(ImggenError):
            await client.download(image, path)
    with pytest.raises(NotSaved, match="No such file") as raised:
        await client.download(image, tmp_path / "missing" / "mia.png")
    assert isinstance(raised.value, OSError)
    assert not list(tmp_path.iterdir())


def test_every_public_method_is_within_the_boundary() -> None:
    for kind in (Client, SyncClient):
        for name, method in public_methods(kind).items():
            assert hasattr(method, "__wrapped__"), name

"""Answers of OpenAI: pictures that count, pictures that do not, and what each of them cost."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from actors.providers.base import ProviderFailed, RenderedPicture
from actors.providers.openai_usage import read_usage
from server.domain.models import Size
from server.routing.failover import FailureKind
from server.routing.prices import PicturePrice, PricedCall, Usage, UsageUnclear
from tests.unit.hosted import FLARE, MIA, PRICE, TOM, Progress, content, draw, reference, watched
from tests.unit.images_server import (
    USAGE,
    Answering,
    answering,
    cutting,
    drawn,
    encoded,
    event,
    hang_up,
    picture,
    serving,
    streaming,
)

PNG = picture()
EXACT = 20 * 5 + 1000 * 8 + 1756 * 30
PARTIAL = event("image_generation.partial_image", b64_json=encoded(PNG), partial_image_index=0)
COMPLETED = event("image_generation.completed", b64_json=encoded(PNG), usage=USAGE)


def cached(**told: Any) -> dict[str, Any]:
    """Returns the usage with what its details tell of cached tokens."""
    details = {"text_tokens": 20, "image_tokens": 1000}
    return USAGE | {"input_tokens_details": details | told}


def hold(references: int = 0, partials: int = 0) -> int:
    return PRICE.most_micros(PricedCall(Size(1024, 1024), "high", references, partials))


async def drawn_by(answer: Answering, progress: Progress | None = None) -> RenderedPicture:
    async with serving(answer) as server:
        return await draw(server.url, progress=progress)


async def failed_by(answer: Answering, progress: Progress | None = None) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        await drawn_by(answer, progress)
    return failed.value


async def test_a_picture_comes_with_its_exact_cost() -> None:
    done = await drawn_by(answering(drawn()))
    assert done.png == PNG
    assert (done.width, done.height, done.provider, done.model) == (1024, 1024, "openai", "flare")
    assert (done.cost_micros, done.cost_estimated, done.seed) == (EXACT, False, None)
    assert done.request_id == "req_1"
    assert done.usage == {
        "input_tokens": 1020,
        "output_tokens": 1756,
        "total_tokens": 2776,
        "input_tokens_details.text_tokens": 20,
        "input_tokens_details.image_tokens": 1000,
        "output_tokens_details.image_tokens": 1756,
        "output_tokens_details.text_tokens": 0,
    }
    assert done.prompt.prompt.startswith("A picture for a page")


@pytest.mark.parametrize("image_format", ["JPEG", "WEBP"])
async def test_another_format_becomes_a_png(image_format: str) -> None:
    done = await drawn_by(answering(drawn(data=picture(image_format=image_format))))
    assert Image.open(BytesIO(done.png)).format == "PNG"


async def test_base64_may_come_as_a_data_url_or_in_lines() -> None:
    text = encoded(PNG)
    for told in (f"data:image/png;base64,{text}", "\n".join([text[:76], text[76:]])):
        done = await drawn_by(answering(drawn() | {"data": [{"b64_json": told}]}))
        assert done.png == PNG


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        "<html>Welcome</html>",
        {},
        {"data": None},
        {"data": []},
        {"data": {}},
        {"data": ["x"]},
        {"data": [{}]},
        {"data": [{"url": "https://example.com/picture.png"}]},
        {"data": [{"b64_json": None}]},
        {"data": [{"b64_json": 7}]},
        {"data": [{"b64_json": "%%%"}]},
        {"data": [{"b64_json": "abc"}]},
        {"data": [{"b64_json": ""}]},
        {"data": [{"b64_json": encoded(b"GIF89a not a picture")}]},
        {"data": [{"b64_json": encoded(PNG[:-200])}]},
        {"data": [{"b64_json": encoded(PNG[:60] + b"\x00" + PNG[61:])}]},
        {"data": [{"b64_json": encoded(PNG[:-16] + b"\x00" + PNG[-15:])}]},
        {"data": [{"b64_json": encoded(picture((512, 512)))}]},
        {"data": [{"b64_json": encoded(picture((1024, 1025)))}]},
        {"data": [{"b64_json": encoded(picture(image_format="BMP"))}]},
    ],
)
async def test_an_answer_without_a_whole_picture_is_unreadable(body: object) -> None:
    failed = await failed_by(answering(body))
    assert failed.kind is FailureKind.UNREADABLE
    assert failed.request_id == "req_1"
    assert failed.cost_micros is None


async def test_an_unreadable_picture_costs_what_its_usage_says() -> None:
    failed = await failed_by(answering(drawn(data=b"no picture")))
    assert (failed.kind, failed.cost_micros) == (FailureKind.UNREADABLE, EXACT)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        [],
        "free",
        7,
        USAGE | {"output_tokens": None, "output_tokens_details": None},
        USAGE | {"input_tokens": None, "input_tokens_details": None},
        USAGE | {"output_tokens": float("nan")},
        USAGE | {"output_tokens": float("inf")},
        USAGE | {"output_tokens": -1756},
        USAGE | {"output_tokens": "1756"},
        USAGE | {"output_tokens": True},
        USAGE | {"output_tokens": 10**30},
        USAGE | {"output_tokens": 0, "output_tokens_details": {}},
        USAGE | {"output_tokens_details": {"image_tokens": float("nan")}},
        USAGE | {"output_tokens_details": "many"},
        USAGE | {"input_tokens_details": {"text_tokens": -20, "image_tokens": 1000}},
    ],
)
async def test_a_usage_that_is_unclear_is_booked_at_the_hold(
    usage: object, caplog: pytest.LogCaptureFixture
) -> None:
    done = await drawn_by(answering(drawn(usage=usage)))
    assert (done.cost_micros, done.cost_estimated) == (hold(), True)
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "cost estimated"
    ]


async def test_a_hold_counts_references_and_partials() -> None:
    completed = event("image_edit.completed", b64_json=encoded(PNG))
    async with serving(streaming(completed)) as server:
        references = [reference(MIA, picture((8, 8))), reference(TOM, picture((8, 8)))]
        what = content(MIA, TOM)
        done = await draw(server.url, *references, progress=watched(), what=what)
    assert (done.cost_micros, done.cost_estimated) == (hold(2, 2), True)
    assert hold(2, 2) > hold(2) > hold()


async def test_a_price_by_the_picture_needs_no_usage() -> None:
    flat = replace(FLARE, price=PicturePrice({"high": 80_000}, {}))
    async with serving(answering(drawn(usage=None))) as server:
        done = await draw(server.url, model=flat)
    assert (done.cost_micros, done.cost_estimated) == (80_000, False)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (USAGE, Usage(20, 1000, 1756)),
        (USAGE | {"output_tokens_details": {}}, Usage(20, 1000, 1756)),
        (USAGE | {"output_tokens_details": None}, Usage(20, 1000, 1756)),
        (
            USAGE | {"output_tokens_details": {"text_tokens": 56}},
            Usage(20, 1000, 1700, text_out=56),
        ),
        (
            {"output_tokens_details": {"image_tokens": 9, "text_tokens": 1}, "input_tokens": 3},
            Usage(0, 3, 9, text_out=1),
        ),
        (USAGE | {"input_tokens_details": {}}, Usage(0, 1020, 1756)),
        (USAGE | {"input_tokens": 2000}, Usage(20, 1980, 1756)),
        (USAGE | {"input_tokens": 0, "output_tokens": 0}, Usage(20, 1000, 1756)),
        (cached(cached_tokens=900), Usage(20, 1000, 1756, cached=900)),
        (
            cached(cached_tokens_details={"text_tokens": 16, "image_tokens": 900}),
            Usage(20, 1000, 1756, text_cached=16, image_cached=900),
        ),
        (
            cached(cached_tokens=920, cached_tokens_details={"image_tokens": 900}),
            Usage(20, 1000, 1756, image_cached=900, cached=20),
        ),
        (cached(cached_tokens=0, cached_tokens_details=None), Usage(20, 1000, 1756)),
    ],
)
def test_tokens_without_details_count_as_those_of_pictures(
    usage: dict[str, Any], tokens: Usage
) -> None:
    assert read_usage(usage) == tokens


@pytest.mark.parametrize(
    ("told", "micros"),
    [
        ({"cached_tokens": 0}, 20 * 5 + 1000 * 8 + 1756 * 30),
        ({"cached_tokens_details": {"text_tokens": 16}}, 4 * 5 + 16 * 1.25 + 8_000 + 52_680),
        ({"cached_tokens_details": {"image_tokens": 900}}, 100 + 100 * 8 + 900 * 2 + 52_680),
        # Text saves less than pictures do, so what is not told counts as text as far as it can.
        ({"cached_tokens": 16}, 4 * 5 + 16 * 1.25 + 8_000 + 52_680),
        ({"cached_tokens": 920}, 20 * 1.25 + 100 * 8 + 900 * 2 + 52_680),
        (
            {"cached_tokens": 916, "cached_tokens_details": {"image_tokens": 900}},
            4 * 5 + 16 * 1.25 + 100 * 8 + 900 * 2 + 52_680,
        ),
    ],
)
async def test_cached_tokens_cost_the_cached_rate(told: dict[str, Any], micros: float) -> None:
    done = await drawn_by(answering(drawn(usage=cached(**told))))
    assert (done.cost_micros, done.cost_estimated) == (micros, False)


async def test_more_cached_tokens_than_tokens_are_booked_at_the_hold() -> None:
    done = await drawn_by(answering(drawn(usage=cached(cached_tokens=1021))))
    assert done.cost_estimated


async def test_the_usage_of_a_call_is_kept_with_its_cached_tokens() -> None:
    usage = cached(cached_tokens_details={"image_tokens": 900})
    done = await drawn_by(answering(drawn(usage=usage)))
    assert done.usage["input_tokens_details.cached_tokens_details.image_tokens"] == 900


def test_no_usage_is_no_zero() -> None:
    with pytest.raises(UsageUnclear):
        read_usage(None)


async def test_unfinished_pictures_become_previews() -> None:
    progress = watched()
    done = await drawn_by(streaming(PARTIAL, PARTIAL, COMPLETED, b"data: [DONE]\n\n"), progress)
    assert (done.png, done.cost_micros, done.request_id) == (PNG, EXACT, "req_2")
    assert progress.steps == [
        (0, 4, False),
        (1, 4, False),
        (2, 4, True),
        (3, 4, True),
        (4, 4, False),
    ]
    preview = Image.open(BytesIO(progress.previews[0]))
    assert (preview.format, preview.size) == ("JPEG", (512, 512))


async def test_a_plain_call_reports_its_start_and_its_end() -> None:
    progress = Progress()
    await drawn_by(answering(drawn()), progress)
    assert progress.steps == [(0, 1, False), (1, 1, False)]


@pytest.mark.parametrize(
    "parts",
    [
        (COMPLETED,),
        (COMPLETED, PARTIAL, PARTIAL),
        (COMPLETED, COMPLETED),
        (PARTIAL, PARTIAL, PARTIAL, PARTIAL, COMPLETED),
        (b": keep-alive\n\n", event("image_generation.queued", place=3), COMPLETED),
        (b"data: {broken\n\n", b"data: 7\n\n", b"data: \xff\n\n", b"nonsense\n\n", COMPLETED),
        (event("image_generation.partial_image", b64_json="%%%"), COMPLETED),
        (event("image_generation.partial_image"), COMPLETED),
        (COMPLETED.replace(b"\n", b"\r\n"),),
        (COMPLETED.rstrip(b"\n"),),
        (COMPLETED.split(b"\n", 1)[1],),
        tuple(COMPLETED[at : at + 701] for at in range(0, len(COMPLETED), 701)),
        (*(bytes([byte]) for byte in COMPLETED[:90]), COMPLETED[90:]),
    ],
)
async def test_a_stream_gives_its_picture_whatever_is_around_it(parts: tuple[bytes, ...]) -> None:
    progress = watched()
    done = await drawn_by(streaming(*parts), progress)
    assert (done.png, done.cost_micros) == (PNG, EXACT)
    steps = [step for step, _, _ in progress.steps]
    assert steps == sorted(steps)
    assert progress.steps[-1] == (4, 4, False)


async def test_a_picture_counts_although_its_stream_is_cut_afterwards() -> None:
    assert (await drawn_by(streaming(COMPLETED, cut=True), watched())).png == PNG


@pytest.mark.parametrize("parts", [(), (PARTIAL,), (b"data: {broken\n\n",), (COMPLETED[:-900],)])
@pytest.mark.parametrize("cut", [False, True])
async def test_a_stream_without_a_picture_has_an_unknown_outcome(
    parts: tuple[bytes, ...], cut: bool
) -> None:
    failed = await failed_by(streaming(*parts, cut=cut), watched())
    assert failed.kind is FailureKind.OUTCOME_UNKNOWN


async def test_a_streamed_picture_that_cannot_be_read_is_billed() -> None:
    broken = event("image_generation.completed", b64_json="AAAA", usage=USAGE)
    failed = await failed_by(streaming(broken, COMPLETED), watched())
    assert (failed.kind, failed.cost_micros) == (FailureKind.UNREADABLE, EXACT)


async def test_the_end_of_a_stream_without_details_is_priced_as_a_picture() -> None:
    usage = USAGE | {"output_tokens_details": {}}
    ended = event("image_generation.completed", b64_json=encoded(PNG), usage=usage)
    done = await drawn_by(streaming(ended), watched())
    assert (done.cost_micros, done.cost_estimated) == (EXACT, False)


async def test_a_plain_answer_to_a_streamed_call_counts() -> None:
    assert (await drawn_by(answering(drawn()), watched())).cost_micros == EXACT


@pytest.mark.parametrize("progress", [Progress, watched])
@pytest.mark.parametrize("answer", [cutting(b'{"created": 1, "da'), hang_up])
async def test_a_cut_call_has_an_unknown_outcome(progress: Any, answer: Answering) -> None:
    failed = await failed_by(answer, progress())
    assert failed.kind is FailureKind.OUTCOME_UNKNOWN
    assert failed.cost_micros is None


FLAGS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"content_filter_results": {"sexual": {"filtered": True, "severity": "high"}}}, ("sexual",)),
    (
        {"content_filter_results": {"a prompt": {"filtered": True}, "hate": {"filtered": True}}},
        ("hate",),
    ),
    ({"content_filter_results": {"a prompt": {"filtered": True}}}, ()),
    ({"finish_reason": "CONTENT_FILTERED"}, ()),
    ({"finish_reason": "content_filter"}, ()),
    ({"has_nsfw_concepts": [True]}, ()),
    ({"nsfw": True}, ()),
    ({"is_blurred": True}, ()),
]


@pytest.mark.parametrize(("flag", "categories"), FLAGS)
async def test_a_picture_that_a_filter_blurred_is_a_refusal_and_costs_what_it_says(
    flag: dict[str, Any], categories: tuple[str, ...]
) -> None:
    item = {"b64_json": encoded(PNG), **flag}
    for body in (drawn(**flag), drawn() | {"data": [item]}):
        failed = await failed_by(answering(body))
        assert (failed.kind, failed.stage) == (FailureKind.MODERATED_OUTPUT, "output")
        assert (failed.categories, failed.cost_micros) == (categories, EXACT)
        assert failed.request_id == "req_1"
    ended = event("image_generation.completed", b64_json=encoded(PNG), usage=USAGE, **flag)
    failed = await failed_by(streaming(ended), watched())
    assert (failed.kind, failed.categories) == (FailureKind.MODERATED_OUTPUT, categories)


@pytest.mark.parametrize(
    "flag",
    [
        {"content_filter_results": {"sexual": {"filtered": False, "severity": "safe"}}},
        {"content_filter_results": None},
        {"finish_reason": "SUCCESS"},
        {"has_nsfw_concepts": [False]},
        {"nsfw": False},
    ],
)
async def test_a_filter_that_passed_a_picture_refuses_nothing(flag: dict[str, Any]) -> None:
    assert (await drawn_by(answering(drawn(**flag)))).png == PNG

"""Answers: the body of one, and the events of a streamed one."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.wire.behaviours import Behaviour, StreamFault
from tests.wire.contract import Asked, Operation
from tests.wire.errors import moderation
from tests.wire.models import Family
from tests.wire.parts import PICTURES
from tests.wire.pictures import Drawing, PictureFault, drawn, spoiled, unfinished
from tests.wire.usage import PARTIAL_TOKENS, Usage, faulty, usage_of

NOT_BASE64 = "%%% this is not base64 %%%"


@dataclass(frozen=True, slots=True)
class Painter:
    """Draws what a request asks for, in the way that a behaviour has it.

    `address` is where the picture can be had again, for answers without base64.
    """

    asked: Asked
    behaviour: Behaviour
    created: int
    address: str

    def usage(self, partials: int = 0) -> Usage:
        """Returns the true usage."""
        asked = self.asked
        pictures = sum(part.name in PICTURES for part in asked.parts)
        n = asked.number("n", 1)
        used = usage_of(
            asked.model, asked.prompt, asked.size, asked.quality, pictures=pictures, n=n
        )
        return Usage(used.text, used.images, used.output + partials * PARTIAL_TOKENS)

    def picture(self, index: int = 0) -> str:
        """Returns a picture by base64, spoiled where the behaviour says so."""
        fault = self.behaviour.picture
        if fault is PictureFault.NOT_BASE64:
            return NOT_BASE64
        drawing, format = self.drawing(index), self.asked.format
        if self.behaviour.filtered:
            return _base64(unfinished(drawing, format, 0.0))
        if fault:
            return _base64(spoiled(drawing, format, fault))
        compression = self.asked.number("output_compression", 100)
        return _base64(drawn(drawing, format, compression=compression))

    def partial(self, index: int, count: int) -> str:
        """Returns an unfinished picture by base64."""
        share = (index + 1) / (count + 1)
        return _base64(unfinished(self.drawing(0), self.asked.format, share))

    def drawing(self, index: int) -> Drawing:
        """Returns what the picture shows."""
        asked = self.asked
        caption = f"{asked.model.id}  {asked.quality}  {asked.size[0]}x{asked.size[1]}"
        references = [part.data for part in asked.parts if part.name in PICTURES]
        transparent = asked.background == "transparent"
        return Drawing(asked.prompt, asked.size, caption, references, index, transparent)

    @property
    def flags(self) -> dict[str, object]:
        """What the entry of a picture tells of the filter, as Azure's does."""
        if not self.behaviour.filtered:
            return {}
        passed = {"filtered": False, "severity": "safe"}
        refused = {"filtered": True, "severity": "high"}
        return {"content_filter_results": {"sexual": refused, "violence": passed}}

    @property
    def about(self) -> dict[str, object]:
        """What every answer and event tells of its picture."""
        asked = self.asked
        told: dict[str, object] = {
            "size": f"{asked.size[0]}x{asked.size[1]}",
            "quality": asked.quality,
            "background": asked.background,
            "output_format": asked.format,
        }
        if identifier := asked.fields.get("safety_identifier"):
            told["safety_identifier"] = identifier
        return told


def body(painter: Painter) -> bytes:
    """Returns the answer that is not streamed."""
    asked = painter.asked
    if asked.model.family is Family.DALLE_3:
        data = [_of_dall_e(painter)]
        return json.dumps({"created": painter.created, "data": data}).encode()
    pictures = [painter.picture(index) for index in range(asked.number("n", 1))]
    entries = [painter.flags | {"b64_json": picture} for picture in pictures]
    counted = faulty(painter.usage(), painter.behaviour.usage, streamed=False)
    answer = {"created": painter.created, "data": entries, **painter.about, **counted}
    return json.dumps(answer).encode()


def _of_dall_e(painter: Painter) -> dict[str, str]:
    """Returns a picture as the retired model's answers have it, without a usage."""
    revised = {"revised_prompt": painter.asked.prompt}
    if painter.asked.fields.get("response_format") == "b64_json":
        return {"b64_json": painter.picture(), **revised}
    return {"url": painter.address, **revised}


def partials_of(painter: Painter) -> int:
    """Returns how many partial pictures the stream has."""
    asked = painter.asked.number("partial_images", 0)
    fewer = painter.behaviour.stream is StreamFault.FEWER_PARTIALS
    return max(0, asked - 1) if fewer else asked


def events(painter: Painter) -> Iterator[bytes]:
    """Yields the events of a stream; the pause before its end is before the last of them."""
    fault = painter.behaviour.stream
    count = partials_of(painter)
    between = _between(painter, fault)
    partials = [_partial(painter, index, count) for index in range(count)]
    if fault is StreamFault.COMPLETED_EARLY and partials:
        yield from partials[:-1]
        yield _completed(painter, painter.usage(count))
        yield partials[-1]
        return
    for partial in partials:
        yield between + partial
    if fault is StreamFault.NO_COMPLETED:
        return
    yield from _end(painter, between, count)


def _end(painter: Painter, between: bytes, count: int) -> Iterator[bytes]:
    """Yields what comes after all partial pictures."""
    fault = painter.behaviour.stream
    completed = _completed(painter, painter.usage(count))
    if fault is StreamFault.ERROR_EVENT:
        told = json.loads(moderation("output", "violence").body)
        yield _event("error", {"type": "error", **told})
        return
    if fault is StreamFault.GARBAGE_EVENT:
        yield b'event: image_generation.completed\ndata: {"b64_json": "iVBO\n\n'
        return
    yield between + completed
    if fault is StreamFault.COMPLETED_TWICE:
        yield completed
    elif fault is StreamFault.COMPLETED_LATE:
        yield b": keepalive\n\n" + _partial(painter, count, count + 1)
        used = painter.usage(count)
        doubled = Usage(used.text * 2, used.images * 2, used.output * 2)
        yield _completed(painter, doubled, index=1)


def _between(painter: Painter, fault: StreamFault | None) -> bytes:
    if fault is StreamFault.COMMENTS:
        return b": keepalive\n\n\n: keepalive\r\n\r\n"
    if fault is StreamFault.UNKNOWN_EVENTS:
        name = f"{_prefix(painter)}.progress"
        return _event(name, {"type": name, "percent": 50}) + _event("ping", {"type": "ping"})
    return b""


def _partial(painter: Painter, index: int, count: int) -> bytes:
    name = f"{_prefix(painter)}.partial_image"
    told = {"type": name, "b64_json": painter.partial(index, count), "partial_image_index": index}
    return _event(name, told | {"created_at": painter.created} | painter.about)


def _completed(painter: Painter, usage: Usage, index: int = 0) -> bytes:
    name = f"{_prefix(painter)}.completed"
    told = {"type": name, "b64_json": painter.picture(index), "created_at": painter.created}
    counted = faulty(usage, painter.behaviour.usage, streamed=True)
    return _event(name, told | painter.about | painter.flags | dict(counted))


def _prefix(painter: Painter) -> str:
    return "image_edit" if painter.asked.operation is Operation.EDIT else "image_generation"


def _event(name: str, data: Mapping[str, object]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

"""Field masks and filters: names and numbers of the contract, parsed."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from imggen.rules.checks import Checks
from imggen.rules.filters import wanted
from imggen.rules.masks import masked_fields
from imggen.v1 import image_pb2
from imggen.v1.character_pb2 import Character
from server.domain.states import ImageType
from server.replies.messages import IMAGE_TYPE

FIELDS = ("name", "age", "hair")


@pytest.mark.parametrize(
    ("paths", "named"),
    [(["hair", "name"], ("name", "hair")), (["*"], FIELDS), (["age", "age"], ("age",))],
)
def test_a_mask_names_fields_in_their_order(paths: list[str], named: tuple[str, ...]) -> None:
    checks = Checks()
    assert masked_fields(checks, FieldMask(paths=paths), Character(hair="red"), FIELDS) == named
    assert checks.violations == []


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (Character(), ()),
        (Character(id="x", eyes="green", hair="red", age=0), ("age", "hair")),
        (Character(name="", hair=""), ()),
    ],
)
def test_without_a_mask_the_fields_that_are_set_are_changed(
    given: Character, named: tuple[str, ...]
) -> None:
    checks = Checks()
    assert masked_fields(checks, FieldMask(), given, FIELDS) == named
    assert checks.violations == []


@pytest.mark.parametrize("paths", [["hare"], ["*", "name"], ["name.first"]])
def test_a_mask_of_anything_else_is_refused(paths: list[str]) -> None:
    checks = Checks()
    masked_fields(checks, FieldMask(paths=paths), Character(), FIELDS)
    [wrong] = checks.violations
    assert wrong.field == "update_mask"
    assert "use some of name, age, hair, or * alone" in wrong.description


@pytest.mark.parametrize("path", ["id", "etag", "created_at", "description_version"])
def test_fields_that_only_the_service_sets_are_ignored(path: str) -> None:
    checks = Checks()
    assert masked_fields(checks, FieldMask(paths=[path, "name"]), Character(), FIELDS) == ("name",)
    assert checks.violations == []


def test_a_filter_is_a_member_or_none() -> None:
    checks = Checks()
    scene = image_pb2.IMAGE_TYPE_SCENE
    assert wanted(checks, "type", scene, IMAGE_TYPE) is ImageType.SCENE
    assert wanted(checks, "type", 0, IMAGE_TYPE) is None
    assert checks.violations == []
    assert wanted(checks, "type", 99, IMAGE_TYPE) is None
    assert checks.violations[0].description == "has no value 99; use one of PORTRAIT, SCENE, COVER"

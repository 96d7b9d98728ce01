"""The annotations of the contract and its comments agree; they are read from the protoset."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from google.api.field_behavior_pb2 import OUTPUT_ONLY, REQUIRED, field_behavior
from google.api.field_info_pb2 import FieldInfo, field_info
from google.api.resource_pb2 import resource, resource_reference
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from tests.load_configs import PROTOSET

FILES = [
    file
    for file in FileDescriptorSet.FromString(PROTOSET.read_bytes()).file
    if file.package == "imggen.v1"
]
MESSAGES = {message.name: message for file in FILES for message in file.message_type}
MESSAGE_FIELDS = FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER
ENUMS = FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER
FIELDS = DescriptorProto.FIELD_FIELD_NUMBER

# Those whose values are chosen elsewhere: a name, and what an issuer of tokens calls a user.
NO_UUID4 = {
    "AdminAction.by_user_id",
    "BookedCall.provider_request_id",
    "BookedCall.user_id",
    "CancelJobsRequest.user_id",
    "Event.user_id",
    "GetJobHistoryResponse.user_id",
    "LaneOverview.paused_by_user_id",
    "OldestJob.user_id",
    "PaidCall.provider_request_id",
    "RequeueJobsRequest.user_id",
    "Style.id",
}


@dataclass(frozen=True)
class Field:
    """A field, where it is and what its comment says."""

    message: str
    comment: str
    proto: FieldDescriptorProto

    @property
    def path(self) -> str:
        return f"{self.message}.{self.proto.name}"

    @property
    def behaviours(self) -> list[int]:
        return list(self.proto.options.Extensions[field_behavior])

    @property
    def is_uuid4(self) -> bool:
        return bool(self.proto.options.Extensions[field_info].format == FieldInfo.UUID4)

    @property
    def refers_to(self) -> str:
        reference = str(self.proto.options.Extensions[resource_reference].type)
        return reference.removeprefix("imggen.dev/")


def comments(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    """Returns the comments by the path of what they are about."""
    return {
        tuple(location.path): location.leading_comments.strip()
        for location in file.source_code_info.location
        if location.leading_comments
    }


def fields() -> Iterator[Field]:
    for file in FILES:
        said = comments(file)
        for at, message in enumerate(file.message_type):
            assert all(kind.options.map_entry for kind in message.nested_type), "walk it, too"
            for index, proto in enumerate(message.field):
                comment = said[(MESSAGE_FIELDS, at, FIELDS, index)]
                yield Field(message.name, comment, proto)


ALL = list(fields())


def paths(some: Iterator[Field]) -> set[str]:
    return {field.path for field in some}


@pytest.mark.parametrize(
    ("words", "behaviour"), [("Required.", REQUIRED), ("Output only.", OUTPUT_ONLY)]
)
def test_a_behaviour_is_annotated_where_the_comment_begins_with_it(
    words: str, behaviour: int
) -> None:
    said = paths(field for field in ALL if field.comment.startswith(words))
    annotated = paths(field for field in ALL if behaviour in field.behaviours)
    assert said == annotated
    assert len(said) > 20


def test_every_id_is_a_uuid_or_known_to_be_none() -> None:
    ids = paths(field for field in ALL if field.proto.name.split("_")[-1] in ("id", "ids"))
    said = paths(field for field in ALL if "UUID" in field.comment)
    annotated = paths(field for field in ALL if field.is_uuid4)
    assert annotated == ids - NO_UUID4
    assert said <= annotated
    assert ids >= NO_UUID4


def test_an_id_of_a_resource_refers_to_one_that_there_is() -> None:
    own = {
        f"{name}.{described.name_field}": name
        for name, message in MESSAGES.items()
        if (described := message.options.Extensions[resource]).type
    }
    for name in own.values():
        assert MESSAGES[name].options.Extensions[resource].type == f"imggen.dev/{name}"
    references = {field.path: field.refers_to for field in ALL if field.refers_to}
    assert set(references.values()) == set(own.values())
    # A page is a part of its story; what an admin has done is only listed.
    none = ("action_id", "page_id", "request_id", "user_id")
    no_resource = paths(field for field in ALL if field.proto.name in none)
    named = paths(field for field in ALL if field.is_uuid4 or field.proto.name == "style")
    assert references.keys() == named - own.keys() - no_resource - {"Page.id"}


def test_every_enum_says_that_values_may_be_added() -> None:
    for file in FILES:
        said = comments(file)
        for at, enum in enumerate(file.enum_type):
            assert "accept those that you do not know" in said[(ENUMS, at)], enum.name


def test_no_number_is_skipped_without_being_reserved() -> None:
    for message in MESSAGES.values():
        reserved = {
            number for one in message.reserved_range for number in range(one.start, one.end)
        }
        used = {field.number for field in message.field}
        assert not used & reserved
        assert used | reserved == set(range(1, max(used, default=0) + 1)), message.name


def test_every_file_names_its_place_in_each_language() -> None:
    for file in FILES:
        options = file.options
        assert options.go_package == "imggen/v1;imggenv1"
        assert options.java_package == "imggen.v1"
        assert options.java_multiple_files
        assert options.csharp_namespace == "Imggen.V1"

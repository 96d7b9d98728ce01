"""The ghz configurations fit the contract; that ghz runs them is tested in tests/slow."""

import importlib
import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from tests.load_configs import CONFIGS, LOAD, PROTOSET, ROOT

PROTOS = sorted(path.stem for path in (ROOT / "protos" / "imggen" / "v1").glob("*.proto"))
for proto in PROTOS:
    importlib.import_module(
        f"imggen.v1.{proto}_pb2"
    )  # imported for its services, which it adds to the pool

# The keys of ghz v0.121.0, runner/config.go; it ignores unknown keys.
KEYS = {
    *("proto", "protoset", "call", "cacert", "cert", "key", "count-errors", "skipTLS"),
    *("skipFirst", "cname", "authority", "insecure", "total", "async", "concurrency"),
    *("concurrency-schedule", "concurrency-start", "concurrency-end", "concurrency-step"),
    *("concurrency-step-duration", "concurrency-max-duration", "connections", "rps", "duration"),
    *("duration-stop", "max-duration", "timeout", "data", "data-file", "binary-file", "metadata"),
    *("metadata-file", "stream-interval", "stream-call-duration", "stream-call-count"),
    *("stream-dynamic-messages", "output", "format", "connect-timeout", "keepalive", "cpus"),
    *("import-paths", "name", "tags", "reflect-metadata", "debug", "host"),
    *("enable-compression", "load-schedule", "load-start", "load-end", "load-step"),
    *("load-step-duration", "load-max-duration", "lb-strategy", "max-recv-message-size"),
    *("max-send-message-size", "disable-template-functions", "disable-template-data"),
}
PROFILES = {"closed", "open", "mixed"}
CALLS = {"submit", "get", "list", "watch"}
TEMPLATE = re.compile(r"\{\{(.*?)\}\}")


def render(text: str) -> str:
    """Renders a template as ghz does, with the few functions that the configurations use."""
    environment = {"IMGGEN_TOKEN": "a-token", "IMGGEN_CHARACTER": str(uuid4())}

    def value(found: re.Match[str]) -> str:
        action = found.group(1).strip()
        if action == "newUUID":
            return str(uuid4())
        name = action.removeprefix("env `").removesuffix("`")
        assert name in environment, f"{found.group(0)}: neither ghz nor bench.env gives a value"
        return environment[name]

    return TEMPLATE.sub(value, text)


def read(name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((LOAD / name).read_text())
    return config


def method_of(config: dict[str, Any], pool: DescriptorPool) -> MethodDescriptor:
    service, _, method = config["call"].rpartition(".")
    return pool.FindServiceByName(service).methods_by_name[method]


def request_of(config: dict[str, Any], method: MethodDescriptor) -> Message:
    """Returns the message that ghz sends; raises ParseError for invalid data."""
    data = config.get("data", {"job_id": str(uuid4())})
    message = message_factory.GetMessageClass(method.input_type)()
    json_format.Parse(render(json.dumps(data)), message)
    return message


def protoset() -> FileDescriptorSet:
    return FileDescriptorSet.FromString(PROTOSET.read_bytes())


def test_every_call_has_a_configuration_in_every_profile() -> None:
    assert set(CONFIGS) == {f"{profile}/{call}.json" for profile in PROFILES for call in CALLS}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_has_only_keys_that_ghz_knows(name: str) -> None:
    config = read(name)
    assert set(config) <= KEYS
    assert config["insecure"] is True
    assert config["total"] > 0
    assert ("data" in config) != ("data-file" in config)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_calls_a_method_with_a_request_of_its_type(name: str) -> None:
    config = read(name)
    pool = descriptor_pool.Default()
    method = method_of(config, pool)
    message = request_of(config, method)
    for field, value in message.ListFields():
        if field.name.endswith("_id"):
            assert str(UUID(value)) == value
    # The checked-in protoset has the same method.
    ours = DescriptorPool()
    for file in protoset().file:
        ours.Add(file)
    assert method_of(config, ours).input_type.full_name == method.input_type.full_name


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_sends_the_token_of_the_environment(name: str) -> None:
    metadata = read(name)["metadata"]
    assert {key: render(value) for key, value in metadata.items()} == {
        "authorization": "Bearer a-token"
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_open_loops_have_a_rate_and_closed_ones_have_callers(name: str) -> None:
    config = read(name)
    if name.startswith("closed/"):
        assert "async" not in config
        assert config["concurrency"] >= config["connections"] > 0
    else:
        assert config["async"] is True
        assert config["rps"] > 0
        # Half a minute of load.
        assert config["total"] == 30 * config["rps"]


@pytest.mark.parametrize("name", [name for name in CONFIGS if name.endswith("submit.json")])
def test_every_submit_is_a_separate_request(name: str) -> None:
    config = read(name)
    method = method_of(config, descriptor_pool.Default())
    first, second = (request_of(config, method) for _ in range(2))
    assert first != second


def test_data_that_are_not_a_request_are_detected() -> None:
    config = read("closed/submit.json")
    method = method_of(config, descriptor_pool.Default())
    with pytest.raises(json_format.ParseError):
        request_of(config | {"data": {"character": "Mia"}}, method)
    with pytest.raises(AssertionError, match="neither ghz nor"):
        request_of(config | {"data": {"style": "{{env `HOME`}}"}}, method)
    with pytest.raises(KeyError):
        method_of(config | {"call": "imggen.v1.JobService.Paint"}, descriptor_pool.Default())


def test_the_protoset_matches_the_stubs() -> None:
    files = protoset().file
    names = [file.name for file in files]
    assert {f"imggen/v1/{proto}.proto" for proto in PROTOS} <= set(names)
    for index, file in enumerate(files):
        assert set(file.dependency) <= set(names[:index])
        if file.package == "imggen.v1":
            stub = FileDescriptorProto()
            descriptor_pool.Default().FindFileByName(file.name).CopyToProto(stub)
            assert plain(stub) == plain(file), f"{file.name} has changed; run `make protos`"


def plain(file: FileDescriptorProto) -> FileDescriptorProto:
    """Drops what only protoc writes down: comments, and names in JSON, which follow."""
    file.ClearField("source_code_info")
    for message in file.message_type:
        for field in message.field:
            field.ClearField("json_name")
        for nested in message.nested_type:
            for field in nested.field:
                field.ClearField("json_name")
    return file

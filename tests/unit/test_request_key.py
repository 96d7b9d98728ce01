"""Request keys: what the digest of a request covers."""

from uuid import uuid4

from imggen.rules.checks import Checks
from imggen.v1.generation_pb2 import GenerateSceneRequest, GenerateStoryRequest
from server.domain.jobs import RequestKey
from server.requests.request_key import Repeatable, request_key


def _key(request: Repeatable) -> RequestKey:
    key = request_key(Checks(), request)
    assert key is not None
    return key


def test_requests_of_different_kinds_with_the_same_bytes_have_different_digests() -> None:
    story, key = str(uuid4()), str(uuid4())
    scene = GenerateSceneRequest(story_id=story, request_id=key)
    whole = GenerateStoryRequest(story_id=story, request_id=key)
    assert scene.SerializeToString() == whole.SerializeToString()
    assert _key(scene).id == _key(whole).id
    assert _key(scene).digest != _key(whole).digest


def test_the_digest_of_an_equal_request_is_the_same_and_of_another_differs() -> None:
    story, key = str(uuid4()), str(uuid4())
    one, same, other = [
        GenerateSceneRequest(story_id=story, seed=seed, request_id=key) for seed in (1, 1, 2)
    ]
    assert _key(one) == _key(same)
    assert _key(one).digest != _key(other).digest

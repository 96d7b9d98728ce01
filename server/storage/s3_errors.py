"""The errors of S3 servers as the storage's: which of them pass, and what the others mean."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    InvalidConfigError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from server.storage.base import ObjectMissing, StorageRefused, StorageUnavailable

_PASSING = {
    *("SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling"),
    *("ThrottlingException", "TooManyRequests", "OperationAborted", "ConditionalRequestConflict"),
}
_PASSING_STATUS = {408, 409, 429}
_NOT_IMPLEMENTED = 501
_LASTING = (
    *(ConfigNotFound, InvalidConfigError, NoCredentialsError, NoRegionError, ParamValidationError),
    *(PartialCredentialsError, ProfileNotFound, SSLError, TokenRetrievalError),
    UnauthorizedSSOTokenError,
)
_DENIED = {"403", "AccessDenied", "Forbidden"}  # the answer to a HEAD has no code but its status
_LACKING = {
    "read": "the object is missing, or the credentials lack s3:GetObject; without s3:ListBucket S3"
    " does not say which",
    "write": "the credentials lack s3:PutObject",
    "delete": "the credentials lack s3:DeleteObject",
    "list": "the credentials lack s3:ListBucket",
    "check": "the credentials lack s3:ListBucket",
}
"""What a refusal of each action means."""
_NO_BUCKET = "there is no such bucket; create it, or correct IMGGEN_STORAGE_URL"
_ELSEWHERE = "the bucket is in another region; correct AWS_DEFAULT_REGION"
_TOO_LARGE = (
    "the server, or a proxy before it, takes no object of this size; raise its limit of a request's"
    " body (nginx: client_max_body_size)"
)
_MEANINGS = {
    "413": _TOO_LARGE,
    "EntityTooLarge": _TOO_LARGE,
    "SignatureDoesNotMatch": "the secret is not that of the key id; correct AWS_SECRET_ACCESS_KEY",
    "InvalidAccessKeyId": "the server does not know the key id; correct AWS_ACCESS_KEY_ID",
    "NoSuchBucket": _NO_BUCKET,
    "404": _NO_BUCKET,
    "InvalidBucketName": "correct the bucket in IMGGEN_STORAGE_URL",
    "ExpiredToken": "the session token has expired; get new credentials",
    "InvalidToken": "the session token is not one of the server's; correct AWS_SESSION_TOKEN",
    "RequestTimeTooSkewed": "its clock and that of the database are far apart",
    "PermanentRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
}


class Exists(Exception):
    """Raised when the key is taken, by these bytes or others."""


def code_of(error: ClientError) -> str:
    """Returns the code of an answer, which is its status where it had no body."""
    return str(error.response.get("Error", {}).get("Code") or status_of(error) or "unknown")


def status_of(error: ClientError) -> int:
    """Returns the HTTP status of an answer; 0 for none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def lasts(error: ClientError) -> bool:
    """Whether the server answers the same until somebody changes something."""
    status = status_of(error)
    if code_of(error) in _PASSING or status in _PASSING_STATUS:
        return False
    return status == _NOT_IMPLEMENTED or status < 500


@contextmanager
def translated(action: str, what: str) -> Iterator[None]:
    """Raises botocore's errors as the storage's."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code == "NoSuchKey":
            raise ObjectMissing(what) from error
        if code in {"412", "PreconditionFailed"}:
            raise Exists from error
        kind = StorageRefused if lasts(error) else StorageUnavailable
        raise kind(f"{action} {what}", _explained(action, code, error)) from error
    except BotoCoreError as error:
        kind = StorageRefused if isinstance(error, _LASTING) else StorageUnavailable
        raise kind(f"{action} {what}", _named(error)) from error
    except RuntimeError as error:
        # botocore 1.44 raises it for credentials that a refresh did not make valid.
        raise StorageUnavailable(f"{action} {what}", str(error)) from error


def _explained(action: str, code: str, error: ClientError) -> str:
    if code in _DENIED and action in _LACKING:
        return f"{code}: {_LACKING[action]}"
    meaning = _MEANINGS.get(code)
    region = error.response.get("Error", {}).get("Region")
    if meaning and region:
        meaning = f"{meaning} to {region}"
    return f"{code}: {meaning}" if meaning else code


def _named(error: BotoCoreError) -> str:
    """Returns what happened, without the URL of a request, which may be signed."""
    if isinstance(error, _LASTING):
        return f"{type(error).__name__}: {error}".split("http", 1)[0].rstrip()
    return type(error).__name__

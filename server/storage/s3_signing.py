"""Presigned URLs, with credentials that are refreshed beside the calls that sign."""

import os
from datetime import datetime
from typing import Any, cast

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from server.clock import SYSTEM_CLOCK, Clock
from server.storage.base import StorageRefused, StorageUnavailable
from server.storage.s3_errors import translated
from server.storage.urls import seconds_until

_TIMEOUT_S = (5, 20)


class Signing:
    """Signs URLs that read objects, for a region and an address."""

    def __init__(
        self,
        credentials: Credentials,
        region: str,
        base_url: str,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Reads the credentials, which may take a call to what gives them."""
        self.base_url = base_url
        self._credentials = credentials
        self._region = region
        self._clock = clock
        self._frozen: ReadOnlyCredentials
        self._end: datetime | None = None
        if self.refreshes:
            # botocore 1.44 renews them by the clock of this machine otherwise.
            cast(Any, credentials)._time_fetcher = clock.now
        self.freeze()

    @property
    def refreshes(self) -> bool:
        """Whether the credentials are temporary, and followed by others."""
        return isinstance(self._credentials, RefreshableCredentials)

    def freeze(self) -> None:
        """Takes the credentials as they are now, new ones if they end soon; it may block.

        Raises StorageUnavailable where they have ended, and there are no others.
        """
        with translated("get", "credentials"):
            self._frozen = self._credentials.get_frozen_credentials()
        # botocore 1.44 tells their end nowhere else.
        self._end = getattr(self._credentials, "_expiry_time", None)

    def lasting(self, expires_at: datetime) -> datetime:
        """Returns until when a URL works: to the end of the credentials at the latest.

        Raises StorageUnavailable when they have ended.
        """
        if self._end is None:
            return expires_at
        if self._end <= self._clock.now():
            ended = f"the credentials ended at {self._end.isoformat()}, and there are no new ones"
            raise StorageUnavailable("sign a URL", ended)
        return min(expires_at, self._end)

    def sign(self, key: str, expires_at: datetime) -> str:
        """Returns a URL presigned with Signature Version 4."""
        seconds = seconds_until(self.lasting(expires_at), self._clock.now())
        # The client's generate_presigned_url resolves the endpoint each time, which takes longer
        # than the signature.
        request = AWSRequest("GET", self.base_url + key)
        auth = S3SigV4QueryAuth(self._frozen, "s3", self._region, expires=seconds)
        at_time_of(auth, self._clock).add_auth(request)
        return str(request.url)


def at_time_of(auth: Any, clock: Clock) -> Any:
    """Returns what signs requests, which does it at the time of a clock from now on.

    S3 refuses requests and URLs from a time that is a quarter of an hour away from its own.
    """
    if not isinstance(auth, SigV4Auth):
        return auth
    prepare = cast(Any, auth)._modify_request_before_signing

    def prepare_at(request: AWSRequest) -> None:
        # botocore 1.44 has just put the time of this machine there.
        request.context["timestamp"] = clock.now().strftime(SIGV4_TIMESTAMP)
        prepare(request)

    cast(Any, auth)._modify_request_before_signing = prepare_at
    return auth


def sign_at(client: Any, clock: Clock) -> None:
    """Has a client of boto3 sign its requests at the time of a clock."""
    signer = client._request_signer
    choose = signer.get_auth_instance

    def choose_at(*args: Any, **kwargs: Any) -> Any:
        return at_time_of(choose(*args, **kwargs), clock)

    signer.get_auth_instance = choose_at


def fetch(url: str, what: str) -> bytes:
    """Returns what a signed URL answers with, as a caller gets it.

    Raises StorageRefused where it is refused, StorageUnavailable where nobody answers.
    """
    # Both take more than their types say: a file, and a time for each of connect and read.
    verify: Any = os.environ.get("AWS_CA_BUNDLE") or True
    session = URLLib3Session(verify=verify, timeout=cast(Any, _TIMEOUT_S))
    try:
        answer = session.send(AWSRequest("GET", url).prepare())
    except BotoCoreError as error:
        # Not its text, which holds the signature.
        raise StorageUnavailable(f"read {what}", type(error).__name__) from None
    finally:
        session.close()
    if answer.status_code >= 500:
        raise StorageUnavailable(f"read {what}", f"HTTP {answer.status_code}")
    if answer.status_code != 200:
        code = answer.text.partition("<Code>")[2].partition("</Code>")[0]
        raise StorageRefused(f"read {what}", f"HTTP {answer.status_code} {code}".rstrip())
    return bytes(answer.content)

"""A private key in AWS KMS, or in a service with the same API."""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from actors.credentials.algorithms import Algorithm
from actors.credentials.base import SignerAway

_CONNECT_S, _READ_S = 3, 5
_TRIES = 2


class KmsUnusable(ValueError):
    """Raised for settings of boto3 that name no KMS, and says why."""


class KmsKey:
    """Signs with a key that never leaves KMS, which sees digests only.

    Credentials and region are found as boto3 finds them.
    """

    def __init__(self, key_id: str, algorithm: Algorithm, endpoint_url: str | None = None) -> None:
        """Takes the id, the ARN or the alias of the key; nothing is asked yet.

        Raises KmsUnusable.
        """
        self._key_id = key_id
        self._algorithm = algorithm
        timing = Config(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
        )
        try:
            self._client = boto3.client("kms", endpoint_url=endpoint_url, config=timing)
        except (BotoCoreError, ValueError) as error:
            raise KmsUnusable(str(error)) from error

    def sign(self, data: bytes) -> bytes:
        """Returns the signature of some bytes; raises SignerAway."""
        try:
            answer = self._client.sign(
                KeyId=self._key_id,
                Message=self._algorithm.digest_of(data),
                MessageType="DIGEST",
                SigningAlgorithm=self._algorithm.kms,
            )
        except ClientError as error:
            said = error.response.get("Error", {})
            code = said.get("Code") or "unknown"
            raise SignerAway(f"KMS: {code}: {said.get('Message') or 'no message'}") from error
        except BotoCoreError as error:
            raise SignerAway(f"KMS: {error}") from error
        return bytes(answer["Signature"])

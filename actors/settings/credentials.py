"""The settings of content credentials."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from actors.settings.values import CONFIG


class CredentialSettings(BaseSettings):
    """With which certificate and key the files of pictures are signed."""

    model_config = CONFIG

    credentials_certificate_file: Path | None = Field(
        None,
        description="The certificate that signs content credentials, and those between it and its "
        "root, in this order, as PEM. Unset means a development certificate, which nobody trusts "
        "and whose name says so.",
    )
    credentials_key_file: Path | None = Field(
        None,
        description="The private key of that certificate, as PEM without a password. It or a key "
        "in KMS is needed with a certificate.",
    )
    credentials_kms_key: str | None = Field(
        None,
        min_length=1,
        description="The private key of that certificate in AWS KMS: its id, ARN or alias. "
        "Credentials and region as boto3 finds them.",
    )
    credentials_kms_endpoint_url: str | None = Field(
        None, description="The URL of a service with the API of AWS KMS, other than AWS."
    )
    credentials_timestamp_url: str | None = Field(
        None,
        description="The URL of a timestamp server (RFC 3161), which each signature then asks: "
        "credentials count after their certificate has expired. Unset means that none is asked.",
    )
    credentials_folder: Path | None = Field(
        None,
        description="The folder that keeps the development certificate, with its root for `imggen "
        "verify --trust`; unset means that each worker makes its own one when it starts.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        keys = [self.credentials_key_file, self.credentials_kms_key]
        count = sum(key is not None for key in keys)
        if self.credentials_certificate_file is None and count:
            raise ValueError(
                "IMGGEN_CREDENTIALS_CERTIFICATE_FILE: not set, and a key is; set its certificate, "
                "or neither"
            )
        if self.credentials_certificate_file is not None and count != 1:
            raise ValueError(
                "IMGGEN_CREDENTIALS_KEY_FILE, IMGGEN_CREDENTIALS_KMS_KEY: set one of them, since "
                "IMGGEN_CREDENTIALS_CERTIFICATE_FILE is set"
            )
        if self.credentials_kms_endpoint_url is not None and self.credentials_kms_key is None:
            raise ValueError(
                "IMGGEN_CREDENTIALS_KMS_ENDPOINT_URL: without effect, since "
                "IMGGEN_CREDENTIALS_KMS_KEY is not set; set both or neither"
            )
        if self.credentials_certificate_file is not None and self.credentials_folder is not None:
            raise ValueError(
                "IMGGEN_CREDENTIALS_FOLDER: without effect with a certificate; unset one of them"
            )
        for name in ("credentials_kms_endpoint_url", "credentials_timestamp_url"):
            _check_url(name, getattr(self, name))
        return self


def _check_url(name: str, value: str | None) -> None:
    if value is not None and (
        urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname
    ):
        raise ValueError(
            f"IMGGEN_{name.upper()}: must start with https:// or http://, and name a host"
        )

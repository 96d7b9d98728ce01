"""What of the environment redirects a storage, beside its own settings."""

import logging
import os
from collections.abc import Mapping

from server.storage.settings import StorageSettings

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_OTHERS = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
_PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_log = logging.getLogger(__name__)


def redirections(
    settings: StorageSettings, environment: Mapping[str, str] = os.environ
) -> list[str]:
    """Returns the variables by which boto3 finds a bucket elsewhere than the settings say."""
    if not settings.is_bucket:
        return []
    names = [*_OTHERS, *_PROXIES]
    ignored = environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    if settings.storage_endpoint_url is None and not ignored:
        names = [*_ENDPOINTS, *names]
    return [name for name in names if environment.get(name, "").lower() not in ("", "false")]


def tell_redirections(settings: StorageSettings) -> None:
    """Logs the variables of the environment that redirect the storage."""
    if variables := redirections(settings):
        _log.warning("environment redirects the storage", extra={"variables": variables})

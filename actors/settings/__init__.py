"""The settings of the data plane's processes, read from `IMGGEN_*` once each."""

from pydantic_settings import BaseSettings

from actors.settings.accounts import ExtractorSettings, OpenAiSettings
from actors.settings.background import BackgroundSettings
from actors.settings.classifiers import ClassifierSettings, PictureSettings, RefusedLabel
from actors.settings.credentials import CredentialSettings
from actors.settings.diffuser import DiffuserSettings
from actors.settings.watermark import WatermarkSettings
from actors.settings.worker import WorkerSettings

__all__ = [
    "DATA_PLANE_SETTINGS",
    "BackgroundSettings",
    "ClassifierSettings",
    "CredentialSettings",
    "DiffuserSettings",
    "ExtractorSettings",
    "OpenAiSettings",
    "PictureSettings",
    "RefusedLabel",
    "WatermarkSettings",
    "WorkerSettings",
]

DATA_PLANE_SETTINGS: list[type[BaseSettings]] = [
    WorkerSettings,
    DiffuserSettings,
    ExtractorSettings,
    ClassifierSettings,
    PictureSettings,
    OpenAiSettings,
    CredentialSettings,
    WatermarkSettings,
    BackgroundSettings,
]
"""Every settings class of the data plane except the storage's; docs/settings.md lists them."""

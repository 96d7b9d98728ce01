"""Profiles: how each local model is used, as TOML files, and an operator's files over them."""

from actors.engine.profiles.profile import Profile, Tier, offered_format
from actors.engine.profiles.reading import (
    PROFILES,
    ProfileInvalid,
    profile,
    read_profiles,
    render_request,
    warm_up_request,
)

__all__ = [
    "PROFILES",
    "Profile",
    "ProfileInvalid",
    "Tier",
    "offered_format",
    "profile",
    "read_profiles",
    "render_request",
    "warm_up_request",
]

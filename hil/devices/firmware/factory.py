"""The programs of the reference devices, by role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from hil.devices.firmware.cable import CableProgram
from hil.devices.firmware.socket import SocketProgram
from hil.devices.profiles import CableProfile, SocketProfile
from hil.errors import ConfigurationError, nearest
from hil.yaml_file import mistakes, told

if TYPE_CHECKING:
    from hil.devices.board import Board, Program


def build(role: str, profile: Mapping[str, object], board: Board) -> Program:
    """Build the program of ``role`` (``socket`` or ``cable``); ConfigurationError names all that is wrong."""
    place = f"profile of the {role}"
    try:
        if role == "socket":
            return SocketProgram(SocketProfile.model_validate(profile), board)
        if role == "cable":
            return CableProgram(CableProfile.model_validate(profile), board)
    except ValidationError as error:
        model = SocketProfile if role == "socket" else CableProfile
        flaws = mistakes(error, model, profile, secret=True)  # a value may be the account
        raise ConfigurationError("; ".join(told(keys, what) for keys, what in flaws), place=place) from None
    raise ConfigurationError(f"'{role}' is no device{nearest(role, ('cable', 'socket'))}")

"""Header, types and codes of HiSLIP's messages (IVI-6.1, chapter 4)."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

HEADER: Final = struct.Struct("!2sBBIQ")
PROLOGUE: Final = b"HS"
VERSION: Final = 0x0100
VENDOR: Final = int.from_bytes(b"MH", "big")
LARGEST_PAYLOAD: Final = 1 << 20
DELIVERED: Final = 1 << 0
"""The bit of a control code by which a client tells that it has read the last reply whole."""


class Type(IntEnum):
    """Message types (IVI-6.1, table 4)."""

    INITIALIZE = 0
    INITIALIZE_RESPONSE = 1
    FATAL_ERROR = 2
    ERROR = 3
    ASYNC_LOCK = 4
    ASYNC_LOCK_RESPONSE = 5
    DATA = 6
    DATA_END = 7
    DEVICE_CLEAR_COMPLETE = 8
    DEVICE_CLEAR_ACKNOWLEDGE = 9
    ASYNC_REMOTE_LOCAL_CONTROL = 10
    ASYNC_REMOTE_LOCAL_RESPONSE = 11
    TRIGGER = 12
    INTERRUPTED = 13
    ASYNC_INTERRUPTED = 14
    ASYNC_MAXIMUM_MESSAGE_SIZE = 15
    ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE = 16
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_DEVICE_CLEAR = 19
    ASYNC_STATUS_QUERY = 21
    ASYNC_STATUS_RESPONSE = 22
    ASYNC_DEVICE_CLEAR_ACKNOWLEDGE = 23
    ASYNC_LOCK_INFO = 24
    ASYNC_LOCK_INFO_RESPONSE = 25


BAD_HEADER, NO_BOTH_CHANNELS, BAD_INITIALIZATION, TOO_MANY_CLIENTS = 1, 2, 3, 4
"""Codes of a fatal error."""
UNKNOWN_TYPE, UNKNOWN_CONTROL, TOO_LARGE, LOCKED = 1, 2, 4, 128
"""Codes of an error; from 128 on they are the device's own."""

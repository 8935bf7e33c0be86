"""Where the coordinator is."""

from __future__ import annotations

import os
from typing import Final

ADDRESS_VARIABLE: Final = "LG_COORDINATOR"

DEFAULT_ADDRESS: Final = "127.0.0.1:20408"
"""labgrid's own, if the environment names none."""


def coordinator_address() -> str:
    """Return the address of the coordinator that labgrid's client would ask, ``HOST:PORT``."""
    return os.environ.get(ADDRESS_VARIABLE) or DEFAULT_ADDRESS

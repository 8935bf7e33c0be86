"""How instruments are reached on a network by VISA's INSTR resources: VXI-11 with its portmapper, and HiSLIP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LAN_PORTS: Final[Mapping[str, int]] = {"vxi11": 0, "hislip": 4880, "portmapper": 111}
"""0: any free one, which the portmapper tells."""

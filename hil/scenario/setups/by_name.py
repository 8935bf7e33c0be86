"""The set-ups by the names that Given steps and rig files use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from hil.rig.config.rig_file import CABLE_UNDER_TEST, OTHER_SOCKET, PAIR, SOCKET_UNDER_TEST
from hil.scenario.setups.cable_under_test import CableUnderTestSetup
from hil.scenario.setups.other_socket import OtherSocketSetup
from hil.scenario.setups.pair import PairSetup
from hil.scenario.setups.reference import REFERENCE, ReferenceSetup
from hil.scenario.setups.socket_under_test import SocketUnderTestSetup

Setup: TypeAlias = SocketUnderTestSetup | CableUnderTestSetup | PairSetup | OtherSocketSetup | ReferenceSetup

SETUPS: Mapping[str, type[Setup]] = {
    SOCKET_UNDER_TEST: SocketUnderTestSetup,
    CABLE_UNDER_TEST: CableUnderTestSetup,
    PAIR: PairSetup,
    OTHER_SOCKET: OtherSocketSetup,
    REFERENCE: ReferenceSetup,
}

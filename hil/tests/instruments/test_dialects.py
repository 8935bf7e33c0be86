"""Choosing a driver by ``*IDN?``."""

from __future__ import annotations

import pytest

from hil.errors import RigFault
from hil.instruments.dialects import open_load, open_meter
from hil.ports import Identity
from hil.tests.instruments.scripted import SILENCE, Line, ScriptedInstrument, load_transcript


def identified(reply: str) -> ScriptedInstrument:
    return ScriptedInstrument([Line("*IDN?", reply, "u")])


def test_meter_is_chosen_by_its_identity_and_nothing_is_set() -> None:
    seen: list[str] = []
    with ScriptedInstrument(load_transcript("hmc8015")) as instrument:
        meter = open_meter("meter", instrument.resource, observer=lambda command, _: seen.append(command))
        meter.close()
    assert meter.identity == Identity("Rohde&Schwarz", "HMC8015", "043506929", "01.403")
    assert instrument.received == seen == ["*IDN?"]


def test_load_is_chosen_by_its_identity() -> None:
    with ScriptedInstrument(load_transcript("it8615")) as instrument:
        load = open_load("load", instrument.resource)
        load.close()
    assert load.identity == Identity("ITECH", "IT8615", "KN34243232", "01.00")


def test_case_of_the_identity_does_not_matter() -> None:
    with identified("ROHDE&SCHWARZ,HMC8015,1,1") as instrument:
        open_meter("meter", instrument.resource).close()


def test_unknown_meter_is_refused_with_the_known_ones_and_the_nearest() -> None:
    with (
        identified("Rohde&Schwarz,HMC8012,1,1") as instrument,
        pytest.raises(RigFault, match=r"'Rohde&Schwarz HMC8012' is not a meter.*Did you mean 'Rohde&Schwarz HMC8015'"),
    ):
        open_meter("meter", instrument.resource)


def test_load_in_the_place_of_the_meter_is_refused() -> None:
    with (
        identified("ITECH,IT8615,1,1") as instrument,
        pytest.raises(RigFault, match=r"'ITECH IT8615' is not a meter.*swapped"),
    ):
        open_meter("meter", instrument.resource)


def test_refused_instrument_is_closed() -> None:
    with identified("ACME,M1,1,1") as instrument:
        for _ in range(3):
            with pytest.raises(RigFault, match="is not a load"):
                open_load("load", instrument.resource)
    # the scripted instrument serves one connection at a time: all three were closed
    assert instrument.connections == 3


def test_instrument_that_does_not_identify_itself_is_a_rig_fault() -> None:
    with (
        ScriptedInstrument([Line("*IDN?", "", "u")], {"*IDN?": [SILENCE]}) as instrument,
        pytest.raises(RigFault, match=r"^load \(TCPIP.*no whole reply to '\*IDN\?'"),
    ):
        open_load("load", instrument.resource, timeout=0.05)

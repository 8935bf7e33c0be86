"""What is asked of every virtual instrument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.plugins import registry
from hil.plugins.groups import VIRTUAL_LOADS, VIRTUAL_METERS
from hil.vbench.instruments.registry import virtual_load, virtual_meter
from hil.vbench.plant.terminals import ElectronicLoadState, VirtualInstrument

GROUPS = {"meter": VIRTUAL_METERS, "load": VIRTUAL_LOADS}
ALL = [(role, name) for role, group in GROUPS.items() for name in registry.names(group)]


def instrument(role: str, name: str) -> VirtualInstrument:
    if role == "meter":
        meter = virtual_meter(name)(lambda: 0.0)
        meter.power_on("seed")
        return meter
    load = virtual_load(name)(ElectronicLoadState(), lambda: 0.0)
    load.power_on("seed")
    return load


@pytest.mark.parametrize(("role", "name"), ALL)
@given(lines=st.lists(st.text(max_size=50), max_size=10))
def test_no_text_ever_raises(role: str, name: str, lines: list[str]) -> None:
    one = instrument(role, name)
    identity = one.execute("*IDN?")
    for line in lines:
        one.execute(line)
    assert one.execute("*IDN?") == identity

"""Drivers of meters and loads with their virtual twins, and relays, held against the suite of their port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import ClassVar

import pytest

from hil.clock import WallClock
from hil.conformance.finding import Finding, Wait
from hil.conformance.load import check_load
from hil.conformance.meter import check_meter
from hil.conformance.relay import check_relay
from hil.errors import nearest
from hil.instruments.dialects import LOADS, METERS, opened_load, opened_meter
from hil.instruments.transport import Transport
from hil.plugin_tests.bench import Bench, outside_the_stated_bounds, virtual_bench
from hil.plugin_tests.laboratory import InLaboratory
from hil.plugins import groups, registry
from hil.ports import Relay


class _Instrument(InLaboratory):
    """A driver and its virtual twin, which have one name in two groups of plug-ins."""

    dialect: ClassVar[str]
    """Name of the driver in ``hil.meters`` or ``hil.loads``, and of the twin in the virtual group."""

    _role: ClassVar[str]

    @pytest.fixture
    def bench(self, _laboratory: None) -> Iterator[Bench]:
        """A virtual bench with the twin on it, over TCP and on a serial line."""
        with virtual_bench({self._role: self.dialect}, serial=[self._role]) as bench:
            yield bench

    def test_the_driver_is_chosen_by_what_the_twin_tells(self, bench: Bench) -> None:
        """``*IDN?`` of the twin is one that the driver serves, and no other driver before it."""
        transport = Transport(self._role, bench.resource(self._role))
        opened = opened_meter(transport) if self._role == "meter" else opened_load(transport)
        opened.port.close()
        group = groups.METERS if self._role == "meter" else groups.LOADS
        name = opened.driver.partition(" (")[0]
        if name != registry.find(group, self.dialect).name:
            pytest.fail(f"'{self.dialect}' was expected, and '{name}' was chosen{nearest(name, [self.dialect])}")


class MeterConformance(_Instrument):
    """Holds the driver of a power meter and its virtual twin against all that a meter must do.

    In a test module of your own::

        class TestAcme9000(MeterConformance):
            dialect = "acme9000"
    """

    _role = "meter"

    def test_the_meter_conforms(self, bench: Bench) -> None:
        """Every check of :mod:`hil.conformance.meter`, over TCP."""
        transport = Transport("meter", bench.resource("meter"))
        with closing(opened_meter(transport, self.dialect).port) as meter:
            _refuse(check_meter(meter, bench.wait))

    def test_the_meter_conforms_on_a_serial_line(self, bench: Bench) -> None:
        """The same over a serial line."""
        transport = Transport("meter", bench.serial("meter"))
        with closing(opened_meter(transport, self.dialect).port) as meter:
            _refuse(check_meter(meter, bench.wait))

    def test_its_readings_under_load_lie_within_the_bounds_that_it_states(self, bench: Bench) -> None:
        """With 150 W for half a minute the truth lies within each reading's uncertainty."""
        with ExitStack() as stack:
            meter = opened_meter(Transport("meter", bench.resource("meter")), self.dialect).port
            stack.callback(meter.close)
            load = opened_load(Transport("load", bench.resource("load"))).port
            stack.callback(load.close)
            if outside := outside_the_stated_bounds(bench, meter, load):
                pytest.fail("\n".join(outside), pytrace=False)

    def test_its_limits_name_their_sources(self) -> None:
        """A verdict names them, and a laboratory is asked for them."""
        limits = METERS.get(self.dialect).limits
        unsaid = [name for name in dir(limits) if name.endswith("source") and not getattr(limits, name)]
        if unsaid:
            pytest.fail(f"no source: {', '.join(unsaid)}", pytrace=False)


class LoadConformance(_Instrument):
    """Holds the driver of an electronic load and its virtual twin against all that a load must do; likewise."""

    _role = "load"

    def test_the_load_conforms(self, bench: Bench) -> None:
        """Every check of :mod:`hil.conformance.load`, over TCP."""
        with closing(opened_load(Transport("load", bench.resource("load")), self.dialect).port) as load:
            _refuse(check_load(load))

    def test_the_load_conforms_on_a_serial_line(self, bench: Bench) -> None:
        """The same over a serial line."""
        with closing(opened_load(Transport("load", bench.serial("load")), self.dialect).port) as load:
            _refuse(check_load(load))

    def test_it_draws_what_it_is_told(self, bench: Bench) -> None:
        """150 W for half a minute are what flows, by the bench's own meter."""
        with ExitStack() as stack:
            meter = opened_meter(Transport("meter", bench.resource("meter"))).port
            stack.callback(meter.close)
            load = opened_load(Transport("load", bench.resource("load")), self.dialect).port
            stack.callback(load.close)
            if outside := outside_the_stated_bounds(bench, meter, load):
                pytest.fail("\n".join(outside), pytrace=False)

    def test_it_states_what_it_takes(self) -> None:
        """Features are held against it at the desk."""
        if not LOADS.get(self.dialect).max_power > 0:
            pytest.fail("max_power must be above 0 W", pytrace=False)


class RelayConformance:
    """Holds a relay against all that K1 to K4 must do; its circuit may be closed.

    Give it a fixture ``relay`` that yields a :class:`hil.ports.Relay`: of an active driver of labgrid,
    ``hil.rig.labgrid.relays.CoilRelay(driver)``.
    """

    @pytest.fixture
    def wait(self) -> Wait:
        """Let so many seconds pass: on the wall clock, unless a subclass knows better."""
        return WallClock().sleep

    def test_the_relay_conforms(self, relay: Relay, wait: Wait) -> None:
        """Every check of :mod:`hil.conformance.relay`."""
        _refuse(check_relay(relay, wait))


def _refuse(findings: Sequence[Finding]) -> None:
    if differing := [str(finding) for finding in findings if not finding.conforms]:
        pytest.fail("\n".join(differing), pytrace=False)

"""What labgrid does not have: VISA instruments on raw sockets, and the virtual bench.

Resources are facts, drivers act (labgrid's own split). labgrid's ``PyVISADriver`` hard-codes ``::INSTR``, so raw
SOCKET resources are impossible with it; ours passes any VISA resource string through.
"""

from __future__ import annotations

import attr
from labgrid import target_factory
from labgrid.driver import Driver
from labgrid.resource import Resource

from hil.instruments.dialects import open_load, open_meter
from hil.ports import Load, Meter


@target_factory.reg_resource
@attr.s(eq=False)
class VirtualBench(Resource):  # type: ignore[misc]  # labgrid has no types
    """The simulated bench; the rig starts it as a program of its own.

    :param address: loopback address to listen on; empty: one of 127.0.0.0/8 that is free.
    :param clock: ``virtual``: time moves as fast as it can, with devices inside the bench. ``wall``: real time, with
        devices that are processes of their own, on PTYs.
    :param meter: dialect of its power meter; :param load: of its electronic load. ``hil vbench --help`` lists them.
    """

    address: str = attr.ib(default="", validator=attr.validators.instance_of(str))
    clock: str = attr.ib(default="virtual", validator=attr.validators.in_(("virtual", "wall")))
    meter: str = attr.ib(default="hmc8015", validator=attr.validators.instance_of(str))
    load: str = attr.ib(default="it8615", validator=attr.validators.instance_of(str))


@target_factory.reg_resource
@attr.s(eq=False)
class VisaInstrument(Resource):  # type: ignore[misc]  # labgrid has no types
    """An instrument by its VISA resource, e.g. ``TCPIP::192.0.2.7::5025::SOCKET`` or ``ASRL/dev/ttyS0::INSTR``."""

    resource: str = attr.ib(validator=attr.validators.instance_of(str))


class _InstrumentDriver(Driver):  # type: ignore[misc]  # labgrid has no types
    bindings = {"instrument": VisaInstrument}  # noqa: RUF012 - labgrid's way to declare bindings

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.port: Meter | Load | None = None

    def on_deactivate(self) -> None:
        if self.port is not None:
            self.port.close()
            self.port = None


@target_factory.reg_driver
@attr.s(eq=False)
class PowerMeterDriver(_InstrumentDriver):
    """Opens the lab power meter by the dialect that its ``*IDN?`` names; ``port`` is a :class:`hil.ports.Meter`."""

    def on_activate(self) -> None:
        """Open the meter (called by labgrid)."""
        self.port = open_meter(self.name or "meter", self.instrument.resource)


@target_factory.reg_driver
@attr.s(eq=False)
class LoadDriver(_InstrumentDriver):
    """Opens the programmable load by the dialect that its ``*IDN?`` names; ``port`` is a :class:`hil.ports.Load`."""

    def on_activate(self) -> None:
        """Open the load (called by labgrid)."""
        self.port = open_load(self.name or "load", self.instrument.resource)

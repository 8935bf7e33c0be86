"""What labgrid does not have: VISA instruments on raw sockets, and the virtual bench.

Resources are facts, drivers act (labgrid's own split). labgrid's ``PyVISADriver`` hard-codes ``::INSTR``, so raw
SOCKET resources are impossible with it; ours passes any VISA resource string through.
"""

from __future__ import annotations

from typing import TypeVar

import attr
from labgrid import target_factory
from labgrid.resource import Resource

from hil.instruments.dialects import Opened, opened_load, opened_meter
from hil.instruments.transport import Transport
from hil.instruments.visa.backend import OWN_BACKEND
from hil.ports import Load, Meter
from hil.rig.labgrid.protocols import InstrumentDriver, LoadProtocol, PowerMeterProtocol
from hil.rig.labgrid.ssh_forward import reachable

P = TypeVar("P")


@target_factory.reg_resource
@attr.s(eq=False)
class VirtualBench(Resource):  # type: ignore[misc]  # labgrid has no types
    """The simulated bench; the rig starts it as a program of its own.

    :param address: loopback address to listen on; empty: one of 127.0.0.0/8 that is free.
    :param clock: ``virtual``: time moves as fast as it can, with devices inside the bench. ``wall``: real time, with
        devices that are processes of their own, on PTYs.
    :param meter: its power meter, a plug-in of ``hil.virtual_meters``; :param load: its electronic load, a plug-in of
        ``hil.virtual_loads``. ``hil plugins`` lists them.
    :param standing: it listens at ``address`` already, and goes on when the job ends; the rig takes control of it.
    """

    address: str = attr.ib(default="", validator=attr.validators.instance_of(str))
    clock: str = attr.ib(default="virtual", validator=attr.validators.in_(("virtual", "wall")))
    meter: str = attr.ib(default="hmc8015", validator=attr.validators.instance_of(str))
    load: str = attr.ib(default="it8615", validator=attr.validators.instance_of(str))
    standing: bool = attr.ib(default=False, validator=attr.validators.instance_of(bool))


@target_factory.reg_resource
@attr.s(eq=False)
class VisaInstrument(Resource):  # type: ignore[misc]  # labgrid has no types
    """An instrument by its VISA resource, e.g. ``TCPIP::192.0.2.7::5025::SOCKET`` or ``ASRL/dev/ttyS0::INSTR``.

    :param backend: the VISA library that carries it: ``@py`` (pyvisa-py), ``@ivi`` (the one of an instrument's maker),
        ``@sim`` (pyvisa-sim); a path before the ``@`` is relative to the rig file.
    :param timeout: seconds for the connection and for each reply, 0.1 to 4 (default: 2, or what a command allows).
    """

    resource: str = attr.ib(validator=attr.validators.instance_of(str))
    backend: str = attr.ib(default=OWN_BACKEND, validator=attr.validators.instance_of(str))
    timeout: float | None = attr.ib(default=None)


class _VisaInstrumentDriver(InstrumentDriver):
    """Speaks to a VisaInstrument."""

    bindings = {"instrument": VisaInstrument}  # noqa: RUF012 - labgrid's way to declare bindings

    def _transport(self, role: str, timeout: float) -> Transport:
        path, at, library = self.instrument.backend.rpartition("@")
        if path and self.target.env is not None:
            path = self.target.env.config.resolve_path(path)
        backend = f"{path}{at}{library}"
        own = self.instrument.timeout
        patience = timeout if own is None else float(own)
        return Transport(self.name or role, reachable(self.instrument), timeout=patience, backend=backend)

    def _took(self, opened: Opened[P]) -> P:
        self.told = opened.driver
        return opened.port


@target_factory.reg_driver
@attr.s(eq=False)
class PowerMeterDriver(_VisaInstrumentDriver, PowerMeterProtocol):
    """Opens the lab power meter by the dialect that its ``*IDN?`` tells; ``port`` is a :class:`hil.ports.Meter`.

    :param dialect: a plug-in of ``hil.meters`` that speaks to it, whatever it tells (``hil rig dialects`` lists them).
    """

    dialect: str = attr.ib(default="", validator=attr.validators.instance_of(str))

    def connect(self, *, timeout: float) -> Meter:
        """Open the meter anew; see :class:`hil.rig.labgrid.protocols.PowerMeterProtocol`."""
        return self._took(opened_meter(self._transport("meter", timeout), self.dialect))


@target_factory.reg_driver
@attr.s(eq=False)
class LoadDriver(_VisaInstrumentDriver, LoadProtocol):
    """Opens the programmable load by the dialect that its ``*IDN?`` tells; ``port`` is a :class:`hil.ports.Load`.

    :param dialect: a plug-in of ``hil.loads`` that speaks to it, whatever it tells.
    """

    dialect: str = attr.ib(default="", validator=attr.validators.instance_of(str))

    def connect(self, *, timeout: float) -> Load:
        """Open the load anew; see :class:`hil.rig.labgrid.protocols.LoadProtocol`."""
        return self._took(opened_load(self._transport("load", timeout), self.dialect))

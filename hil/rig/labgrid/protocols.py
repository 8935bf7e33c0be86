"""What the rig wants of a labgrid driver that serves as meter or load, whatever its class; as labgrid's own protocols.

A laboratory's own driver is a class in a module that the rig file imports::

    @target_factory.reg_driver
    @attr.s(eq=False)
    class AcmeDriver(InstrumentDriver, PowerMeterProtocol):
        bindings = {"service": "NetworkService"}

        def connect(self, *, timeout):
            return Acme(self.service.address, timeout)

It is named ``meter`` (or ``load``) in the rig file. K1 to K4 need nothing of this: labgrid's own
``DigitalOutputProtocol`` is what they bind to.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, cast

from labgrid.driver import Driver

from hil.errors import ConfigurationError
from hil.instruments.transport import TIMEOUT

if TYPE_CHECKING:
    from hil.ports import Load, Meter


class PowerMeterProtocol(abc.ABC):
    """A labgrid driver that serves as the lab power meter.

    :ivar port: the meter, while the driver is active.
    :ivar told: which driver that is, whence it comes and who chose it, for the report.
    """

    port: Meter
    told: str

    @abc.abstractmethod
    def connect(self, *, timeout: float) -> Meter:
        """Return the meter over a new connection, which the caller closes; nothing is set yet.

        The watchdog and ``hil rig check`` have a connection of their own, beside that of a run.

        :param timeout: seconds for the connection and for each reply.
        :raises RigFault: it is not there, does not answer in time, or is no meter that the driver knows.
        """


class LoadProtocol(abc.ABC):
    """A labgrid driver that serves as the electronic load, likewise."""

    port: Load
    told: str

    @abc.abstractmethod
    def connect(self, *, timeout: float) -> Load:
        """Return the load over a new connection, as a meter's."""


class InstrumentDriver(Driver):  # type: ignore[misc]  # labgrid has no types
    """Holds the connection of an instrument while the driver is active; a class that adds ``connect`` is complete."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.port: Any = None
        self.told = f"labgrid driver {type(self).__module__}.{type(self).__qualname__}"

    def on_activate(self) -> None:
        """Open the instrument (called by labgrid)."""
        self.port = self.connect(timeout=TIMEOUT)

    def on_deactivate(self) -> None:
        """Close it (called by labgrid)."""
        if self.port is not None:
            self.port.close()
            self.port = None


def meter_driver(target: Any, *, activate: bool = True) -> PowerMeterProtocol:
    """Return the driver of labgrid's target that serves as the lab meter, active unless told otherwise.

    Raises ConfigurationError if there is none of that name, or if it does not serve.
    """
    return cast("PowerMeterProtocol", _named(target, "meter", PowerMeterProtocol, activate))


def load_driver(target: Any, *, activate: bool = True) -> LoadProtocol:
    """Return the one that serves as the load, likewise."""
    return cast("LoadProtocol", _named(target, "load", LoadProtocol, activate))


def _named(target: Any, name: str, protocol: type, activate: bool) -> Any:
    drivers = [driver for driver in target.drivers if driver.name == name]
    serving = [driver for driver in drivers if isinstance(driver, protocol)]
    if serving:
        if activate:
            target.activate(serving[0])
        return serving[0]
    others = [type(driver).__name__ for driver in drivers]
    found = f"a {others[0]}, which does not serve as {protocol.__name__}" if others else "not there"
    raise ConfigurationError(
        f"the driver '{name}' is {found}",
        place=f"targets.main.drivers.{name}",
        remedy=f"python -m pydoc {__name__} says what a driver of one's own implements.",
    )

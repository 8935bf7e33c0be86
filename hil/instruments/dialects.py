"""Which driver speaks to which instrument: by what ``*IDN?`` tells, or as the rig file names it.

Drivers are plug-ins of the groups ``hil.meters`` and ``hil.loads`` (:mod:`hil.plugins`); those of the framework too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from hil.errors import ConfigurationError, HilError, RigFault, nearest
from hil.instruments.identity import Models, lenient_identity, parse_identity
from hil.instruments.meter_limits import MakersLimits
from hil.plugins import groups, registry
from hil.plugins.registry import Plugin
from hil.ports import Identity, Load, Meter
from hil.units import Second, Watt

if TYPE_CHECKING:
    from hil.instruments.transport import Observer, Transport


class MeterDriver(Protocol):
    """A driver, and what it says of every meter of its kind: what a plug-in of ``hil.meters`` is."""

    serves: Models
    update_period: Second
    settling: Second
    limits: MakersLimits

    def __call__(self, transport: Transport, identity: Identity, /) -> Meter: ...


class LoadDriver(Protocol):
    """A driver, and what it says of every load of its kind: what a plug-in of ``hil.loads`` is."""

    serves: Models
    max_power: Watt

    def __call__(self, transport: Transport, identity: Identity, /) -> Load: ...


D = TypeVar("D", bound=MeterDriver | LoadDriver)
P = TypeVar("P")


@dataclass(frozen=True)
class Dialects(Generic[D]):
    """The drivers of one role.

    :param kind: ``meter`` or ``load``.
    """

    group: groups.Group
    kind: str

    def names(self) -> list[str]:
        """Return their names; none is loaded."""
        return registry.names(self.group)

    def get(self, name: str) -> D:
        """Return the driver of that name; raises ConfigurationError if there is none, or if it cannot be loaded."""
        driver: D = registry.find(self.group, name).load()
        return driver

    def loaded(self, broken: list[ConfigurationError]) -> Iterator[tuple[Plugin, D]]:
        """Yield each with its driver; what cannot be loaded is added to ``broken`` instead."""
        for plugin in registry.plugins(self.group):
            try:
                yield plugin, plugin.load()
            except ConfigurationError as error:
                broken.append(error)

    def meant(self, words: str) -> D | None:
        """Return the driver that ``words`` of a rig file mean: its name, or maker and model; None if there is none.

        Raises ConfigurationError if they name one that cannot be loaded.
        """
        named = registry.look_for(self.group, words)
        if named is not None:
            driver: D = named.load()
            return driver
        return next((driver for _, driver in self.loaded([]) if driver.serves.mean(words)), None)

    def titles(self) -> list[str]:
        """Return maker and model of each that can be loaded."""
        return [driver.serves.title for _, driver in self.loaded([])]


METERS: Dialects[MeterDriver] = Dialects(groups.METERS, "meter")
LOADS: Dialects[LoadDriver] = Dialects(groups.LOADS, "load")


@dataclass(frozen=True)
class Opened(Generic[P]):
    """An instrument that is open.

    :param driver: which driver that is, whence it comes and who chose it, for the report.
    """

    port: P
    driver: str


def open_meter(name: str, resource: str, *, timeout: float | None = None, observer: Observer | None = None) -> Meter:
    """Open the power meter ``name`` at a VISA resource and choose its driver by ``*IDN?``; nothing is set yet.

    Raises RigFault if it is not there, does not answer within ``timeout`` seconds (None: the usual), or is no meter
    that is known.
    """
    return opened_meter(_transport(name, resource, timeout, observer)).port


def open_load(name: str, resource: str, *, timeout: float | None = None, observer: Observer | None = None) -> Load:
    """Open the electronic load ``name``, likewise."""
    return opened_load(_transport(name, resource, timeout, observer)).port


def opened_meter(transport: Transport, dialect: str = "") -> Opened[Meter]:
    """Return the meter at the end of ``transport``, which is closed if that fails.

    :param dialect: name of the driver that the rig file names; empty: the one that ``*IDN?`` tells.
    :raises RigFault: it does not answer, or no driver serves it; :raises ConfigurationError: the driver that it needs
        cannot be loaded.
    """
    return _opened(transport, METERS, dialect)


def opened_load(transport: Transport, dialect: str = "") -> Opened[Load]:
    """Return the electronic load, likewise."""
    return _opened(transport, LOADS, dialect)


def _transport(name: str, resource: str, timeout: float | None, observer: Observer | None) -> Transport:
    from hil.instruments.transport import TIMEOUT, Transport  # loads pyvisa, which hil check does not need

    return Transport(name, resource, timeout=TIMEOUT if timeout is None else timeout, observer=observer)


def _opened(transport: Transport, dialects: Dialects[Any], dialect: str) -> Opened[Any]:
    try:
        reply = transport.query("*IDN?")
        if dialect:
            plugin = registry.find(dialects.group, dialect)
            driver, identity = plugin.load(), lenient_identity(reply)
            words = f"{plugin.name} ({plugin.origin}), named by the rig file; the instrument tells '{reply}'"
        else:
            plugin, driver, identity = _chosen(transport, reply, dialects)
            words = f"{plugin.name} ({plugin.origin})"
        return Opened(driver(transport, identity), words)
    except BaseException:
        transport.close()
        raise


def _chosen(transport: Transport, reply: str, dialects: Dialects[Any]) -> tuple[Plugin, Any, Identity]:
    """Return the driver that serves an instrument which answers ``reply`` to ``*IDN?``."""
    identity = parse_identity(reply)
    if identity is None:
        raise transport.fault(
            "*IDN?",
            reply,
            "no identity (manufacturer,model,serial,firmware)",
            "Check that the port is the SCPI port; if it is, name the dialect in the rig file.",
        )
    broken: list[ConfigurationError] = []
    titles = []
    for plugin, driver in dialects.loaded(broken):
        if driver.serves.serve(identity):
            return plugin, driver, identity
        titles.append(driver.serves.title)
    read = f"{identity.manufacturer} {identity.model}"
    raise _refused(read, reply, transport.place, dialects.kind, titles, broken)


def _refused(
    read: str, reply: str, place: str, kind: str, titles: list[str], broken: list[ConfigurationError]
) -> HilError:
    what = f"'{read}' is not a {kind} with a driver ('*IDN?' read '{reply}'){nearest(read, titles)}"
    if broken:  # the driver that it needs may be one of these
        return ConfigurationError(
            "\n".join([f"{what}. These drivers cannot be loaded:", *map(str, broken)]), place=place
        )
    return RigFault(
        what,
        place=place,
        remedy="See whether the resources in the rig file are swapped; hil rig dialects lists the known ones. For one"
        " that speaks as a known one does, name that as 'dialect' of its driver in the rig file; any other needs a"
        " plug-in of its own: hil plugins lists the groups.",
    )

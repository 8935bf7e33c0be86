"""The bench: instruments and lines that stay, and a model (time, plant, devices) that each reset replaces."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from hil.errors import ConfigurationError
from hil.vbench.devices.host import DeviceHost
from hil.vbench.devices.processes import ProcessHost
from hil.vbench.devices.program_storage import Scratch
from hil.vbench.devices.socket_ledger import SocketLedger
from hil.vbench.devices.uart import LinePort
from hil.vbench.edge_watch import EdgeWatch
from hil.vbench.instruments.deferred_meter import DeferredMeter, MeterInstrument
from hil.vbench.io.instrument_port import InstrumentPort
from hil.vbench.model_builder import PROGRAMS, ModelBuilder
from hil.vbench.model_request import LINES, ModelRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.vbench.plant.terminals import ElectronicLoadState, LoadInstrument, MeterSample


class TimeOwner(Protocol):
    """Who lets the bench's time pass: a controller in lockstep, the wall clock else."""

    def catch_up(self) -> None:
        """Move time to the present of the wall clock, if it follows that; not from within an event."""

    def bytes_arrived(self) -> None:
        """The test side has sent bytes on a line."""

    def lines_complete(self) -> None:
        """The last line to the meter has come that was announced, or its connection has ended."""

    def leaves_nothing(self) -> bool:
        """Tell whether the bytes that arrived have scheduled nothing that the loop must look at."""


class StandingTime:
    """Owns time until somebody does: it stands still."""

    def catch_up(self) -> None:
        """See :class:`TimeOwner`."""

    def bytes_arrived(self) -> None:
        """See :class:`TimeOwner`."""

    def lines_complete(self) -> None:
        """See :class:`TimeOwner`."""

    def leaves_nothing(self) -> bool:
        """See :class:`TimeOwner`."""
        return False


class Bench:
    """What the ports of the process talk to. Not thread-safe: everything runs in one event loop.

    :param load: acts on ``load_state``, which the plant obeys.
    :param programs: dotted name of the program factory, imported when a reset first fits a device.
    """

    def __init__(
        self,
        meter: MeterInstrument,
        load: LoadInstrument,
        load_state: ElectronicLoadState,
        *,
        programs: str = PROGRAMS,
        first_model: ModelRequest | None = None,
    ) -> None:
        self.time: TimeOwner = StandingTime()
        """Set once, when the bench begins to listen."""
        self.meter = DeferredMeter(meter, self.now)
        self.load = load
        self.instrument_ports = {
            "meter": InstrumentPort(self.meter, self._lines_complete),
            "load": InstrumentPort(load, _nothing),
        }
        """What their connections talk to."""
        self._meter_port = self.instrument_ports["meter"]
        self.edges = EdgeWatch()
        """After which readings that were asked ahead time stops."""
        self.ports = {name: LinePort(name, self._bytes_arrived, self._leaves_nothing) for name in LINES}
        self._port_list = tuple(self.ports.values())
        self.lockstep = False
        """True while a controller owns time."""
        self.ledger = SocketLedger()
        self.relays_at = ""
        """``HOST:PORT`` of the relay board, for devices that are processes; known once the bench listens."""
        self.untold: list[tuple[str, str]] = []
        """Who failed, and how, since the last reset on the wall clock; for the controller's next question."""
        self._scratch = Scratch()
        self._builder = ModelBuilder(
            self.ports,
            load_state,
            self._end_period,
            self.ledger,
            self._scratch,
            programs,
            relays_at=lambda: self.relays_at,
            catch_up=self._catch_up,
        )
        self.reset(first_model or ModelRequest())

    def now(self) -> float:
        """Return the present instant in seconds of virtual time."""
        return self.model.kernel.now

    def reset(self, request: ModelRequest) -> None:
        """Replace the model; raises HilError, and keeps the old one, if it cannot be built."""
        model = self._builder.build(request)
        self.close()
        for port in self.ports.values():
            port.reset()
        for instrument in self.instrument_ports.values():
            instrument.forget()
            instrument.mend()
        self.untold.clear()
        self.edges = EdgeWatch()
        self.ledger.begin()
        self.model = model
        self._consoles = [uart for name, uart in model.uarts.items() if name.endswith("-console")]
        self.meter.power_on(f"{request.seed}/meter", request.plant.meter_errors)
        self.load.power_on(f"{request.seed}/load", request.plant.load_errors)
        self._transformer = request.plant.transformer(request.seed)
        model.plant.connect_load()

    def close(self) -> None:
        """End the devices of the present model; their storages go with them."""
        if hasattr(self, "model"):
            self.model.close()

    def abandon(self) -> None:
        """Kill what has a process of its own and remove its storage; from any thread, right before the bench ends."""
        for process in self.model.processes.values():
            process.abandon()
        self._scratch.close()

    def device(self, role: str) -> DeviceHost | ProcessHost:
        """Return the host of a device; raises ConfigurationError if this model has none."""
        host = self.model.hosts.get(role) or self.model.processes.get(role)
        if host is None:
            raise ConfigurationError(f"no {role} is fitted")
        return host

    # what is built here asks the one who owns time by then

    def _catch_up(self) -> None:
        self.time.catch_up()

    def _bytes_arrived(self) -> None:
        self.time.bytes_arrived()

    def _lines_complete(self) -> None:
        self.time.lines_complete()

    def _leaves_nothing(self) -> bool:
        return self.time.leaves_nothing()

    def _end_period(self, sample: MeterSample) -> None:
        """Let the instruments take their turn, ten times a second: both have that update rate."""
        self.meter.update(sample if self._transformer is None else self._transformer.seen(sample))
        self.load.update()
        if self._meter_port.waits:
            self.model.kernel.call_at(self.meter.shows(sample), self._go_on_with_meter)
        if self.instrument_ports["load"].waits:
            self.instrument_ports["load"].go_on()

    def _go_on_with_meter(self) -> None:
        self.meter.catch_up()
        self._meter_port.go_on()

    # --- time --------------------------------------------------------------------------------------------------

    def advance(self, until: float, received: Mapping[str, int]) -> int:
        """Hand the bytes up to the totals ``received`` to the devices and run events as docs/lockstep-time.md says.

        Return how many lines have reached the meter that were sent ahead of their time.
        """
        model, lines, delivered = self.model, self._meter_port, 0
        for name, total in received.items():
            port = self.ports[name]
            if total != port.taken:
                model.uarts[name].feed(port.take(total))
        self.meter.catch_up()
        going = True
        while going and lines.arrivals and lines.arrivals[0] <= until:
            if going := model.kernel.run_until(max(lines.arrivals[0], model.kernel.now)):
                lines.deliver()
                delivered += 1
                going = not self.edges.stops(model.plant.meter_voltage())
        if delivered:
            lines.answer()
        if going:
            model.kernel.run_until(until)
        for console in self._consoles:
            console.flush()
        return delivered

    def follow(self, until: float) -> None:
        """Let time pass to ``until`` without a controller: bytes go through as they come, faults go to stderr."""
        received = {name: port.received for name, port in self.ports.items()}
        while True:
            self.advance(until, received)
            faults = self.take_faults()
            if self.model.on_the_wall:
                self.untold += faults
            for who, error in faults:
                sys.stderr.write(f"hil vbench: {who}: {error}\n")
            if self.now() >= until:
                return

    def take_faults(self) -> list[tuple[str, str]]:
        """Return and forget what device programs raised since the last call."""
        kernel = self.model.kernel
        faults, kernel.faults = kernel.faults, []
        return faults

    # --- the outside -------------------------------------------------------------------------------------------

    def sent(self) -> str:
        """Return as JSON the total bytes sent to the test side, of each line that sent any."""
        return "{" + ",".join([f'"{port.name}":{port.sent}' for port in self._port_list if port.sent]) + "}"

    def line_totals(self) -> dict[str, dict[str, int]]:
        """Return bytes and CRC-32 of each line and direction since the last reset."""
        return {
            port.name: {
                "sent": port.sent,
                "checksum_sent": port.checksum_sent,
                "received": port.received,
                "checksum_received": port.checksum_received,
            }
            for port in self._port_list
        }

    def truth(self) -> dict[str, object]:
        """Return the plant's true values at the present instant, for tests of the bench itself."""
        plant = self.model.plant
        contacts = {f"K{number}": relay for number, relay in enumerate(plant.relays, 1)} | {"socket": plant.contact}
        power = plant.power()
        return {
            "now": self.now(),
            "power": power,
            "energy_wh": plant.energy(),
            "voltage": plant.meter_voltage(),
            "outlet_voltage": plant.outlet_voltage(),
            "current": plant.current(),
            "appliance": plant.plugged,
            "contacts": {
                name: {"coil": relay.coil, "closed": relay.closed, "edge": relay.edge}
                for name, relay in contacts.items()
            },
        }


def _nothing() -> None:
    """Stand in where nothing waits for the load's lines."""

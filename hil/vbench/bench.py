"""The bench: instruments and lines that stay, and a world (time, plant, devices) that each reset replaces."""

from __future__ import annotations

import importlib
import math
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from hil.chain.view_choice import OpenView, open_view
from hil.devices.defects import view_of
from hil.errors import ConfigurationError, HilError, RigFault
from hil.links.quiet_ledger import QuietLedger
from hil.vbench.edge_watch import EdgeWatch
from hil.vbench.firmware import DeviceHost, describe, meter_gain
from hil.vbench.instrument_port import InstrumentPort
from hil.vbench.kernel import Kernel
from hil.vbench.late_meter import LateMeter, MeterInstrument
from hil.vbench.lines import LinePort, Uart
from hil.vbench.plant import Plant
from hil.vbench.processes import ProcessHost, Scratch
from hil.vbench.terminals import VirtualInstrument
from hil.vbench.world import LINES, ROLES, NodeAccess, ViewAccess, WorldRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.devices.board import ProgramFactory
    from hil.ports import LedgerView
    from hil.vbench.terminals import ElectronicLoadState, MeterSample

PROGRAMS = "hil.devices.programs:build"
"""Where the device programs come from: ``module:callable``, a :class:`hil.devices.board.ProgramFactory`."""

RPC_TIMEOUT = 2.0
"""Seconds of wall time that a device's ledger may take for one answer while virtual time stands still."""


class LoadInstrument(VirtualInstrument, Protocol):
    """A virtual load that looks after its protections."""

    def update(self) -> None: ...


def find_factory(dotted: str) -> ProgramFactory:
    """Import ``module:callable``; raises ConfigurationError if it is not there."""
    module, _, name = dotted.partition(":")
    try:
        factory: ProgramFactory = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"no device programs at '{dotted}': {error}") from None
    return factory


@dataclass
class World:
    """Everything that starts at t = 0 and ends with the next reset."""

    kernel: Kernel
    plant: Plant
    uarts: dict[str, Uart]
    hosts: dict[str, DeviceHost]
    processes: dict[str, ProcessHost]
    on_the_wall: bool
    """Whether time follows the wall clock also under a controller, with devices as processes of their own."""

    def close(self) -> None:
        """End the devices that are processes, and remove what they stored."""
        for process in self.processes.values():
            process.discard()


def _open(access: NodeAccess | ViewAccess | None) -> OpenView:
    match access:
        case NodeAccess(host, port, user, password):
            return open_view("node", host, port, user=user, password=password, timeout=RPC_TIMEOUT)
        case ViewAccess(kind, host, port):
            return open_view(kind, host, port, timeout=RPC_TIMEOUT)
    raise AssertionError("asked for with a node")


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
        first_world: WorldRequest | None = None,
    ) -> None:
        self.meter = LateMeter(meter)
        self.load = load
        self.instrument_ports = {"meter": InstrumentPort(self.meter), "load": InstrumentPort(load)}
        """What their connections talk to."""
        self._meter_port = self.instrument_ports["meter"]
        self.edges = EdgeWatch()
        """After which readings that were asked ahead time stops."""
        self.ports = {name: LinePort(name) for name in LINES}
        self._port_list = tuple(self.ports.values())
        self.lockstep = False
        """True while a controller owns time."""
        self.ledger_touched = 0
        """How often the test side has changed the chain, as it last said."""
        self.ledger_late_s = 0.0
        """How late the ledger's answers reach the socket, in seconds of virtual time."""
        self.ledger_silence = ""
        """Why the newest question of the socket to its ledger got no answer, since the last reset; empty if all did."""
        self.relays_at = ""
        """``HOST:PORT`` of the relay board, for devices that are processes; known once the bench listens."""
        self.catch_up: Callable[[], None] = lambda: None
        """Moves time to the present of the wall clock, if it follows that."""
        self.untold: list[tuple[str, str]] = []
        """Who failed, and how, since the last reset on the wall clock; for the controller's next question."""
        self._scratch = Scratch()
        self._load_state = load_state
        self._programs = programs
        self._open_view: tuple[NodeAccess | ViewAccess | None, OpenView] | None = None
        self.reset(first_world or WorldRequest())

    def now(self) -> float:
        """Return the present instant in seconds of virtual time."""
        return self.world.kernel.now

    def reset(self, request: WorldRequest) -> None:
        """Replace the world; raises HilError, and keeps the old one, if it cannot be built."""
        world = self._build(request)
        self.close()
        for port in self.ports.values():
            port.reset()
        for instrument in self.instrument_ports.values():
            instrument.forget()
            instrument.mend()
        self.untold.clear()
        self.edges = EdgeWatch()
        self.ledger_late_s, self.ledger_silence = 0.0, ""
        self.world = world
        self._consoles = [uart for name, uart in world.uarts.items() if name.endswith("-console")]
        world.plant.connect_load()
        self.meter.power_on(f"{request.seed}/meter")
        self.load.power_on(f"{request.seed}/load")

    def _build(self, request: WorldRequest) -> World:
        kernel = Kernel()
        numbers = request.plant
        gains = {
            role: meter_gain(request.seed, role) if math.isnan(given) else given
            for role, given in zip(ROLES, (numbers.socket_meter_gain, numbers.cable_meter_gain), strict=True)
        }
        hosts: dict[str, DeviceHost] = {}
        processes: dict[str, ProcessHost] = {}
        on_the_wall = request.clock == "wall"

        def supply(role: str, on: bool) -> None:
            host = hosts.get(role) or processes.get(role)
            if host is not None:
                host.supply(on)

        def plug(plugged: bool) -> None:
            if "socket" in hosts:  # a socket that is a process of its own has no plug contact
                hosts["socket"].plug(plugged)

        fitted = [role for role in ROLES if request.devices.get(role) is not None]
        plant = Plant(kernel, numbers, self._load_state, self._end_period, "socket" in fitted, supply)
        plant.on_plug = plug
        uarts = {
            f"{role}-{line}": Uart(kernel, self.ports[f"{role}-{line}"], baud, prompt=line == "link")
            for role in ROLES
            for line, baud in (("link", numbers.link_baud), ("console", numbers.console_baud))
        }
        for name, other in request.plugs.items():
            if name.partition("-")[0] in fitted:
                raise ConfigurationError(f"'{name}' ends at a device, not in a plug", place="reset.plugs")
            uarts[name].plug(uarts[other])
        for role in fitted if on_the_wall else ():
            processes[role] = ProcessHost(
                role,
                kernel,
                plant,
                uarts[f"{role}-link"],
                uarts[f"{role}-console"],
                profile=request.devices[role] or {},
                node=request.node,
                gain=gains[role],
                folder=self._scratch.new(role),
                relays=lambda: self.relays_at,
                catch_up=lambda: self.catch_up(),  # noqa: PLW0108 - set anew when the bench begins to listen
            )
        for role in fitted if not on_the_wall else ():
            ledger = self._ledger(request, kernel) if role == "socket" and request.node is not None else None
            try:
                hosts[role] = DeviceHost(
                    role,
                    kernel,
                    plant,
                    uarts[f"{role}-link"],
                    uarts[f"{role}-console"],
                    factory=find_factory(self._programs),
                    profile=request.devices[role] or {},
                    ledger=ledger,
                    ledger_late_s=lambda: self.ledger_late_s,
                    seed=request.seed,
                    gain=gains[role],
                )
            except HilError:
                raise
            except Exception as error:
                raise ConfigurationError(f"the {role}'s program cannot be built: {describe(error)}") from error
        return World(kernel, plant, uarts, hosts, processes, on_the_wall)

    def close(self) -> None:
        """End the devices of the present world; their storages go with them."""
        if hasattr(self, "world"):
            self.world.close()

    def abandon(self) -> None:
        """Kill what has a process of its own and remove its storage; from any thread, right before the bench ends."""
        for process in self.world.processes.values():
            process.abandon()
        self._scratch.close()

    def device(self, role: str) -> DeviceHost | ProcessHost:
        """Return the host of a device; raises ConfigurationError if this world has none."""
        host = self.world.hosts.get(role) or self.world.processes.get(role)
        if host is None:
            raise ConfigurationError(f"no {role} is fitted")
        return host

    def _end_period(self, sample: MeterSample) -> None:
        """Let the instruments take their turn, ten times a second: both have that update rate."""
        self.meter.update(sample)
        self.load.update()

    def _ledger(self, request: WorldRequest, kernel: Kernel) -> LedgerView:
        access = request.view or request.node
        if isinstance(access, ViewAccess):
            profile = request.devices["socket"] or {}
            access = replace(access, kind=view_of(access.kind, profile.get("defects")))
        if self._open_view is None or self._open_view[0] != access:
            if self._open_view is not None:
                self._open_view[1].close()
            self._open_view = access, _open(access)
        view = self._open_view[1].view
        return QuietLedger(view, lambda: self.ledger_touched, lambda: kernel.now, self._note_silence)

    def _note_silence(self, fault: RigFault) -> None:
        self.ledger_silence = str(fault)

    # --- time --------------------------------------------------------------------------------------------------

    def advance(self, until: float, received: Mapping[str, int]) -> int:
        """Hand the bytes up to the totals ``received`` to the devices and run events as DESIGN §4 says.

        Return how many lines have reached the meter that were sent ahead of their time.
        """
        world, lines, delivered = self.world, self._meter_port, 0
        for name, total in received.items():
            port = self.ports[name]
            if total != port.taken:
                world.uarts[name].feed(port.take(total))
        self.meter.catch_up()
        going = True
        while going and lines.arrivals and lines.arrivals[0] <= until:
            if going := world.kernel.run_until(max(lines.arrivals[0], world.kernel.now)):
                lines.deliver()
                delivered += 1
                going = not self.edges.stops(world.plant.meter_voltage())
        if delivered:
            lines.answer()
        if going:
            world.kernel.run_until(until)
        for console in self._consoles:
            console.flush()
        return delivered

    def follow(self, until: float) -> None:
        """Let time pass to ``until`` without a controller: bytes go through as they come, faults go to stderr."""
        received = {name: port.received for name, port in self.ports.items()}
        while True:
            self.advance(until, received)
            faults = self.take_faults()
            if self.world.on_the_wall:
                self.untold += faults
            for who, error in faults:
                sys.stderr.write(f"hil vbench: {who}: {error}\n")
            if self.now() >= until:
                return

    def take_faults(self) -> list[tuple[str, str]]:
        """Return and forget what device programs raised since the last call."""
        kernel = self.world.kernel
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
        plant = self.world.plant
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

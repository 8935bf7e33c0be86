"""A rig that is open: the one place where ports meet the concrete classes behind them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.clock import Clock
from hil.endpoints.cached_ledger import CachingLedgerView
from hil.errors import AuthorError, RigFault
from hil.links.serial_line import SerialLine, close_together
from hil.ports import Protecting
from hil.rig.chain.access import BEHIND, ChainAccess, second_node
from hil.rig.config.calibration.of_instruments import tell_meter
from hil.rig.config.rig_file import RigFile
from hil.rig.config.target_section import LINES, RELAYS
from hil.rig.labgrid.bench_strategy import BenchState, BenchStrategy
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.labgrid.relays import MirrorContact
from hil.rig.labgrid.serial_ports import port_of
from hil.rig.labgrid.target import active_target
from hil.rig.realtime.clock import RigClock
from hil.rig.safety.meter_plausibility import MeterWatch
from hil.rig.safety.run_safe_state import SAMPLING_END_S, Parts, SafeState, make_safe
from hil.rig.safety.standalone_safe_state import keep_connection, limit_patience
from hil.rig.safety.watchdog_client import WatchdogClient
from hil.rig.sampling.pipelined import PipelinedSampler
from hil.rig.sampling.threaded import ThreadedSampler
from hil.rig.sampling.timer import Readings, Sampler, Sampling
from hil.rig.sampling.updates import observe_updates
from hil.rig.virtual.client import VirtualBenchClient
from hil.rig.virtual.lockstep_clock import LockstepClock

if TYPE_CHECKING:
    from hil.chain.attacks.electrum_faults import ServerFault
    from hil.chain.node.base import Node
    from hil.chain.node.snapshot import OwnNode
    from hil.conformance.update_period import Updates
    from hil.ports import Ledger, LedgerView, Load, Meter, Reading
    from hil.rig.recorder import Recorder

RELAY_PATIENCE_S = 2.0
"""For a relay board to answer; as long as an instrument has (hil.instruments.transport)."""

LOOK_AFTER_DEVICES_S = 0.5
"""How often a rig in real time asks its virtual bench whether a device's program has ended."""


class Rig:
    """Clock, instruments, relays, lines and ledger of one bench, for as long as a run lasts.

    Built by :func:`hil.rig.open.open_rig`, which leaves the bench safe and everything closed.
    """

    def __init__(
        self, file: RigFile, node: Node, seed: int, bench: VirtualBenchClient | None, watchdog: WatchdogClient
    ) -> None:
        self.file = file
        self.seed = seed
        self.bench = bench
        self.watchdog = watchdog
        self.locks: Path | None = None
        """Folder of locks; None: a bench that cannot be made safe is not locked."""
        self._metering = False
        """Whether the meter was prepared, so that it can be asked."""
        self._sampling: Sampling | None = None
        self.meter_watch: MeterWatch | None = None
        """Of the present scenario."""
        self.updates: Updates | None = None
        """What was observed of the meter's updates since it was last prepared."""
        self.lockstep = bench is not None and not file.real_time
        """Whether time moves only while this side waits."""
        self.clock: Clock = (
            LockstepClock(bench, bench.raise_failure) if bench is not None and self.lockstep else RigClock()
        )
        self.own_node: OwnNode | None = None
        """The node that the present scenario has for itself."""
        environment, target = active_target(file.path)
        self._environment = environment
        self._closing = contextlib.ExitStack()
        self._closing.callback(environment.cleanup)
        self.strategy: BenchStrategy = target.get_driver("BenchStrategy")
        self.strategy.now = self._now
        self.meter_driver = meter_driver(target)
        self.meter: Meter = self.meter_driver.port
        tell_meter(self.meter, file.conditions)
        self.load_driver = load_driver(target)
        self.load: Load = self.load_driver.port
        self._stated_period = self.meter.update_period
        self._closing.callback(self.meter.close)
        self._closing.callback(self.load.close)
        self.lines = {name: SerialLine(name, port_of(target.get_driver("SerialDriver", name=name))) for name in LINES}
        self._closing.callback(close_together, self.lines.values())
        self.mirror_contacts: dict[str, MirrorContact] = {}
        for relay in RELAYS:
            output = target.get_driver("DigitalOutputProtocol", name=relay)
            limit_patience(output, RELAY_PATIENCE_S)
            if bench is not None:
                keep_connection(output)
            if relay in file.options.mirror_contacts:
                self.mirror_contacts[relay] = MirrorContact(output, file.options.mirror_contacts[relay])
        self._common = self.chain = ChainAccess(node, seed, self._now)
        self._closing.callback(self._common.close)
        if bench is not None:
            bench.ledger_touched = self._touched

    def _now(self) -> float:
        return self.clock.now()  # a bench in real time has another clock for each scenario

    def _touched(self) -> int:
        return self.chain.touched()

    @property
    def ledger(self) -> Ledger:
        """The bench's hand on the chain of the present scenario."""
        return self.chain.ledger

    @property
    def ledger_view(self) -> LedgerView:
        """How a counterpart socket sees it."""
        chain = self.chain
        return CachingLedgerView(chain.view, chain.changes, self._now) if self.lockstep else chain.view

    def delay_ledger(self, seconds: float) -> None:
        """Let answers reach the socket under test so many seconds after its questions to the ledger; 0: at once.

        Raises AuthorError on a bench whose socket asks a node that does not stand behind a gate.
        """
        if self.bench is not None and self.lockstep:
            self.bench.let_ledger_be_late(seconds)
        else:
            self.chain.let_be_late(seconds)

    def lost_ledger(self) -> str:
        """Return why the device under test could not ask its ledger, if that was the bench's fault; empty if not."""
        if why := self.chain.lost():
            return f"the bench lost its node: {why}"
        if self.chain.was_taken_away:
            return ""
        silence = self.bench.ledger_silence() if self.bench is not None and self.lockstep else self.chain.silence()
        return f"the bench's node left the device without an answer: {silence}" if silence else ""

    @contextlib.contextmanager
    def with_node(self, node: OwnNode, tags: Sequence[str], preference: str | None) -> Iterator[None]:
        """Start ``node`` and give the bench its chain, for one scenario; it is ended afterwards.

        :param tags: the scenario's, which may ask for a second node too.
        """
        with node:
            chain = ChainAccess(node, self.seed, self._now, behind=node if BEHIND in tags else None)
            self.own_node, self.chain = node, chain
            try:
                with second_node(chain, tags, preference):
                    yield
            finally:
                chain.close()
                self.own_node, self.chain = None, self._common

    def rewind(self) -> None:
        """Let a scenario's time begin at zero; the bench must be safe.

        Raises RigFault if it is not, if the last scenario's sampling still hangs, or if a line is lost.
        """
        if self.strategy.bench_state is not BenchState.SAFE:
            raise RigFault("it was not made safe", place="bench", remedy="Look at the bench, then rerun.")
        if self._sampling is not None and not self._sampling.ended(SAMPLING_END_S):
            raise RigFault(
                f"its driver did not come back within {SAMPLING_END_S:g} s of the last scenario's end",
                place="meter",
                remedy="Restart the meter, then rerun.",
            )
        self._sampling = None
        self._drain_lines()
        self._common.rewind(self.clock.now())
        if isinstance(self.clock, LockstepClock):
            self.clock.reset()
        else:
            self._end_clock()
            self.clock = RigClock()

    def reset(
        self,
        devices: Mapping[str, Mapping[str, Any] | None],
        seed: str,
        plant: Mapping[str, Any],
        view: str,
        server_fault: ServerFault | None = None,
        calendars: Sequence[str] = (),
    ) -> None:
        """Put devices with these profiles on the virtual bench; prepare instruments and lines; wait till they settle.

        Called once a scenario, after :meth:`rewind`.

        :param view: how the socket under test sees the ledger.
        :param server_fault: what the server of that view does wrong.
        :param calendars: the devices whose calendar can be set, by role.
        """
        if self.bench is not None:
            self.bench.reset(
                seed=seed,
                plant={**self.file.options.plant, **plant},
                devices=devices,
                node=self.chain.access(gated=not self.lockstep),
                view=self.chain.views.access(view, server_fault),
                clock="virtual" if self.lockstep else "wall",
                programs=self.file.device_programs(),
                calendars=calendars,
            )
            if not self.lockstep:
                self._look_after_devices()
        for line in self.lines.values():
            line.reset()
            self.clock.attach(line)  # type: ignore[attr-defined]  # both clocks have it, for their own kind of line
        self.load.prepare()
        if isinstance(self.load, Protecting):
            self.load.protect(self.file.options.limits.of_load)
        self.meter.prepare()
        prepared = self.clock.now()
        self._metering = True
        self.watchdog.arm()
        self.chain.ledger.begin()
        self.clock.sleep(self.meter.settling)
        self.updates = observe_updates(self.meter, self.clock, self._stated_period, self.bench)
        if self.meter_watch is not None:
            self.meter_watch.expect(self.updates, prepared)

    def identities(self) -> dict[str, str]:
        """Return what devices that are programs of their own say that they are, by role."""
        return self.bench.identities() if self.bench is not None and self.file.device_programs() else {}

    def resources(self) -> dict[str, dict[str, int]]:
        """Return what the programs of simulated devices take of this machine, by role; see the bench's client."""
        return self.bench.resources() if self.bench is not None else {}

    def stopped(self) -> dict[str, str]:
        """Return why devices have stopped over a seeded fault of their storage, by role."""
        return self.bench.stopped() if self.bench is not None else {}

    def set_mains(self, voltage: float) -> None:
        """Have this voltage (V rms) ahead of K1, K3 and K4; AuthorError if no source of this bench can be set."""
        if self.bench is None:
            raise AuthorError("no driver for a programmable source: the mains of this bench are what they are")
        self.bench.set_mains(voltage)

    def sampling(self, recorder: Recorder, listener: Callable[[Reading, float], None]) -> Sampling:
        """Return what reads the meter in this scenario, once it is started; see :mod:`hil.rig.sampling.timer`."""
        limits = self.file.options.limits
        self.meter_watch = MeterWatch(self.meter, limits)
        readings = Readings(self.clock, recorder, limits, listener, self.meter_watch)
        if isinstance(self.clock, RigClock):
            self._sampling = ThreadedSampler(self.meter, self.clock, readings)
        elif isinstance(self.clock, LockstepClock) and self.bench is not None and self.bench.has(self.meter):
            self._sampling = PipelinedSampler(self.meter, self.clock, self.bench, readings)
        else:
            self._sampling = Sampler(self.meter, self.clock, readings)
        return self._sampling

    def _look_after_devices(self) -> None:
        """Ask every now and then whether a device's program has failed; raises RigFault in whatever wait it happens."""
        if self.bench is not None:
            self.bench.look_for_faults()
        self.clock.call_at(self.clock.now() + LOOK_AFTER_DEVICES_S, self._look_after_devices)

    def make_safe(self) -> SafeState:
        """Bring the bench to its safe state and say how long it took (:mod:`hil.rig.safety.run_safe_state`)."""
        metering, self._metering = self._metering, False
        return make_safe(
            Parts(
                self.file,
                self.clock,
                self.lockstep,
                self.strategy,
                self._sampling,
                self.meter if metering else None,
                self.mirror_contacts,
                self.watchdog,
                self.locks,
            )
        )

    def _drain_lines(self) -> None:
        """Drop what the last scenario's devices sent and no reader took: it may have ended in the middle of a frame."""
        totals = self.bench.line_totals() if self.bench is not None and self.lockstep else {}
        for name, line in self.lines.items():
            line.drain(totals[name]["sent"] if name in totals else None)

    def on_switch(self, listener: Callable[[str, bool, float], None]) -> None:
        """Tell ``listener`` of every relay that was switched and read back, and the seconds that this took."""
        self.strategy.on_switch = listener

    def close(self) -> None:
        """Let go of everything; the bench should be safe by now."""
        self._end_clock()
        self._closing.close()

    def _end_clock(self) -> None:
        if isinstance(self.clock, RigClock):
            self.clock.close()

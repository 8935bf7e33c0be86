"""One scenario on the bench: the verbs behind the steps.

Given steps say what stands on the bench and what the counterpart will do; ``switch_on`` builds it and applies power;
Then steps measure. Everything observed goes through the recorder into the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.endpoints.counterpart import Counterpart
from hil.errors import AuthorError, DeadlineExceeded, RigFault
from hil.evidence.documents import Kind
from hil.evidence.limits import Finding
from hil.links.tap import Tap
from hil.protocol.payment.coins import Coin
from hil.protocol.wire.messages import Close, Message, Meter, Receipt
from hil.rig.config.rig_file import CABLE_UNDER_TEST, PAIR, SOCKET_UNDER_TEST
from hil.rig.recorder import ConsoleLog, LedgerLog, LinkLog, Recorder, sent_by
from hil.rig.safety.load_comparison import LoadComparison
from hil.rig.safety.weld_detection import ContactWatch
from hil.rig.sampling.timer import SAMPLE_PERIOD_S
from hil.scenario import integrity_checks as inspection
from hil.scenario.findings import Findings
from hil.scenario.load_profiles import LoadPlayer
from hil.scenario.observations import Observations
from hil.scenario.plan import Plan
from hil.scenario.setup_pair import PairSide
from hil.scenario.setups import CableSide, SocketSide
from hil.scenario.stimuli.abuse import COUNTERPART, AbusePlan
from hil.scenario.stimuli.interruptions import SUPPLY

if TYPE_CHECKING:
    from hil.chain.attacks.blocks import Miner
    from hil.chain.attacks.mempool import FeePressure
    from hil.clock import Timer
    from hil.evidence.documents import Event
    from hil.links.abuses.model import Cheat
    from hil.links.faults import Direction, FaultRule
    from hil.ports import Reading
    from hil.protocol.payment.signing import Key
    from hil.rig.rig import Rig
    from hil.scenario.check import Check
    from hil.scenario.load_profiles import LoadProfile
    from hil.units import Watt

_SIDES: dict[str, type[CableSide | SocketSide | PairSide]] = {
    SOCKET_UNDER_TEST: CableSide,
    CABLE_UNDER_TEST: SocketSide,
    PAIR: PairSide,
}
"""Who stands on the other side of the link, by set-up."""


OF_ENERGY = 0.003
"""Part of an energy that no meter with a driver is wrong by, beside what it may be wrong by at zero."""

LOOK_AFTER_BENCH_S = 60.0
"""How often the bench is inspected while a scenario runs."""


@dataclass
class Watch:
    """What is followed while the scenario runs, for waits and for the live line."""

    energy_wh: float = 0.0
    power_w: float = 0.0
    voltage_v: float = 0.0
    credited_mwh: int = 0
    awaited: str = ""
    until: float | None = None
    on_progress: Callable[[Trial], None] = field(default=lambda trial: None)


class Trial(Observations):
    """See the module's docstring. Built for one scenario and finished by :meth:`finish`."""

    def __init__(self, rig: Rig, recorder: Recorder, seed: str) -> None:
        self.rig = rig
        self.clock = rig.clock
        self.recorder = recorder
        self.seed = seed
        self.plan = Plan()
        self.watch = Watch()
        self.findings = Findings(recorder)
        self.coins: list[Coin] = []
        self.powered_on: Event | None = None
        self.abuse: Cheat | None = None
        self.checks_ahead: Callable[[], Sequence[Check]] = tuple
        """Tells what the Then steps of the scenario will measure, once all Given steps have been carried out."""
        self._ledger_log = LedgerLog(recorder, rig.clock)
        self._counterpart: Counterpart | None = None
        self._cables = 1
        """How many cables the rig has played in this scenario."""
        self._tap: Tap | None = None
        self._side: CableSide | SocketSide | PairSide | None = None
        self._load_player: LoadPlayer | None = None
        self._load_comparison: LoadComparison | None = None
        self._looking_after: Timer | None = None
        self._contacts = ContactWatch(float(rig.meter.off_threshold_w))
        self.miner: Miner | None = None
        """A miner in league with a cheat; made when he mines first."""
        self.fee_pressure: FeePressure | None = None
        self._sampling = rig.sampling(recorder, self._on_reading)

    # --- Given -------------------------------------------------------------------------------------------------

    def use_setup(self, setup: str) -> None:
        """Say which device is under test; raises AuthorError if this rig does not offer it or another was named."""
        if self.plan.setup and self.plan.setup != setup:
            raise AuthorError(f"this scenario is '{self.plan.setup}' already, not '{setup}'")
        if setup not in self.rig.file.options.setups:
            offered = ", ".join(self.rig.file.options.setups)
            raise AuthorError(f"rig '{self.rig.file.options.name}' does not offer '{setup}'; it offers {offered}")
        self.plan.setup = setup

    def use_toaster(self) -> None:
        """Plug the reference toaster into the cable; raises AuthorError if this rig has none."""
        if "toaster" not in self.rig.file.options.appliances:
            raise AuthorError(f"rig '{self.rig.file.options.name}' has no toaster", remedy="Use the load.")
        self.plan.appliance = "toaster"

    def use_load(self, power: Watt) -> None:
        """Let the programmable load draw ``power``; raises AuthorError beyond what it or the rig can do."""
        most = min(self.rig.load.max_power, self.rig.file.options.limits.power)
        if not 0 < power <= most:
            raise AuthorError(f"{power:g} W is outside what this rig can draw: above 0 W, at most {most:g} W")
        self.plan.appliance, self.plan.load_power_w = "load", float(power)

    def use_profile(self, profile: LoadProfile) -> None:
        """Let the programmable load play an appliance; raises AuthorError beyond what it or the rig can do."""
        self.use_load(profile.highest)
        self.plan.load_profile = profile

    def cheat(self, abuse: AbusePlan) -> None:
        """Let the counterpart cheat; one abuse a scenario."""
        if self.plan.abuse is not None:
            raise AuthorError("the counterpart cheats in one way a scenario")
        self.plan.abuse = abuse
        if abuse.row is not None:
            self.plan.funds_sat = abuse.row.funds_sat or self.plan.funds_sat
            self.plan.max_payments = abuse.row.max_payments or self.plan.max_payments

    # --- When --------------------------------------------------------------------------------------------------

    def switch_on(self) -> None:
        """Build what was planned, apply power to the devices under test, and let the counterpart begin."""
        plan, rig = self.plan, self.rig
        if plan.setup not in _SIDES:
            raise AuthorError("no device under test", remedy="Begin with 'Given the socket is under test in … mode'.")
        if plan.abuse is not None:
            plan.abuse.check(plan.setup, plan.mode)
        self.findings.declare(self.checks_ahead())
        side = self._side = _SIDES[plan.setup](self)
        rig.side.look()  # what happened before is not this scenario's
        rig.side.on_change = self._ledger_log.on_change
        self.coins = side.fund()
        rig.reset(side.device_profiles(), self.seed, {}, plan.ledger_view or rig.file.options.ledger, plan.lie)
        if rig.updates is not None:
            self.recorder.write(Kind.READING, "meter updates", rig.updates.document())
        rig.on_switch(self._on_switch)
        self._ledger_log.on_funding(self.coins)
        self._listen_to_consoles()
        arriving = {sent_by(device) for device in side.under_test}
        log = LinkLog(self.recorder, side.lines, arriving, side.meter_source, self._on_message)
        tap = self._tap = Tap(self.clock, self.seed, log)
        for rule in plan.link_rules:
            tap.add(rule)
        self._counterpart, self.abuse = side.connect(tap)
        if self.abuse is not None:
            self.abuse.on_strike = self._on_strike
        self._sampling.start()
        self._look_after_bench()
        rig.strategy.transition(side.state)
        self._connect_appliance()
        for device in side.under_test:
            rig.strategy.switch(SUPPLY[device], closed=True)
        self.powered_on = next(event for event in reversed(self.recorder.events) if event.kind is Kind.RELAY)
        if self._counterpart is not None:
            self._counterpart.start()

    def change_cable(self) -> None:
        """Let another cable, with an account and coins of its own, take the place of the one that the rig plays.

        It knows nothing of that one's session. Raises AuthorError unless the socket alone is under test.
        """
        if not isinstance(self._side, CableSide) or self._counterpart is None:
            raise AuthorError("only a cable that the bench plays can be exchanged for another one")
        self._counterpart.stop()
        self._cables += 1
        side = self._side = CableSide(self, f"cable {self._cables}")
        self.plan.abuse = None  # the one that was carried off had it
        given = side.fund()
        self.coins = [*self.coins, *given]
        self._ledger_log.on_funding(given)
        self._counterpart, self.abuse = side.connect(self.tap())
        self._counterpart.start()

    def sample_every(self, seconds: float) -> None:
        """Read the lab meter this often from now on; AuthorError for more often than it updates."""
        if seconds < SAMPLE_PERIOD_S:
            raise AuthorError(f"the lab meter is read every {SAMPLE_PERIOD_S:g} s at most, not every {seconds:g} s")
        self._sampling.period = seconds

    def wait_for(self, condition: Callable[[], Any], *, timeout: float, what: str, on_readings: bool = False) -> None:
        """Let the bench run until ``condition``; raises DeadlineExceeded, which blames the device under test.

        :param on_readings: whether it depends on what the lab meter shows.
        """
        self.watch.awaited, self.watch.until = what, self.clock.now() + timeout
        closely, self._sampling.closely = self._sampling.closely, self._sampling.closely or on_readings
        self.clock.wait_for(condition, timeout=timeout, what=what, last_seen=self._last_seen)
        self._sampling.closely = closely
        self.watch.awaited = ""

    def wait_for_bench(self, condition: Callable[[], Any], *, timeout: float, what: str, part: str) -> None:
        """Let the bench run until ``condition``, which a part of it owes: raises RigFault that names the part."""
        try:
            self.clock.wait_for(condition, timeout=timeout, what=what, last_seen=self._last_seen)
        except DeadlineExceeded as late:
            raise RigFault(late.what, place=part, remedy="Nothing is said about the device.") from None

    def power_flows(self) -> bool:
        """Tell whether power flowed in the newest reading of the lab meter."""
        return self.watch.power_w >= self.off_w

    def sleep(self, seconds: float) -> None:
        """Let the bench run for a while."""
        self.watch.awaited, self.watch.until = "time to pass", self.clock.now() + seconds
        self.clock.sleep(seconds)
        self.watch.awaited = ""

    def lost_ledger(self) -> str:
        """Return why the bench, and not the device, is to blame for a ledger that could not be asked; empty if not."""
        return "" if self.plan.lie is not None else self.rig.lost_ledger()

    def put_in_force(self, rule: FaultRule) -> None:
        """Let the link have a fault from now on, or from when the devices are switched on."""
        if self._tap is None:
            self.plan.link_rules.append(rule)
        else:
            self._tap.add(rule)

    def tap(self) -> Tap:
        """Return the tap on the link between the devices; raises AuthorError before they are switched on."""
        if self._tap is None:
            raise AuthorError("the devices are not switched on yet", remedy="When the devices are switched on")
        return self._tap

    def cable_keys(self) -> Mapping[bytes, Key]:
        """Return the keys of the cable that the rig plays; raises AuthorError if it plays none."""
        if not isinstance(self._side, CableSide):
            raise AuthorError("the cable is under test and keeps its keys to itself")
        return self._side.keys

    def metered_power(self) -> float:
        """Return the lab meter's power in W as a counterpart without a meter sees it; 0 where it may be an offset."""
        return self.watch.power_w if self.power_flows() else 0.0

    def metered_energy(self, *, most: bool) -> float:
        """Return the most or the least energy in Wh that the lab meter lets be true, for such a counterpart.

        The rig's side of a session must not call a device a liar for what its own meter may be wrong by.
        """
        self._sampling.refresh()
        energy = self.watch.energy_wh
        spread = self.off_w / 2 * self.clock.now() / 3600 + OF_ENERGY * abs(energy)
        return max(0.0, energy + spread if most else energy - spread)

    # --- Then --------------------------------------------------------------------------------------------------

    def take(self, check: Check) -> None:
        """Take a check and record its finding; raises LimitMissed or Undecided unless it is pass."""
        self.findings.take(check, self)

    def endings(self) -> list[Callable[[], None]]:
        """Return what is to be done before the bench is made safe: each, whatever one before it raised."""
        parts = (self._counterpart, self.abuse, self._sampling, self._load_player)
        stops = [part.stop for part in parts if part is not None]
        stops += [self._looking_after.cancel] if self._looking_after is not None else []
        return [*stops, self._record_latency]

    def finish(self) -> list[Finding]:
        """Record what was declared and never taken, and return that."""
        return self.findings.close()

    # --- inside ------------------------------------------------------------------------------------------------

    def _record_latency(self) -> None:
        if self._tap is not None and (latency := self._tap.latency()) is not None:
            self.recorder.write_latency(latency)

    def _look_after_bench(self) -> None:
        """Inspect the bench now and then, in whatever wait that falls."""
        inspection.under_way(self.rig)
        self._looking_after = self.clock.call_at(self.clock.now() + LOOK_AFTER_BENCH_S, self._look_after_bench)

    def _connect_appliance(self) -> None:
        plan, rig = self.plan, self.rig
        if rig.bench is not None:
            rig.bench.plug(plan.appliance)
        if plan.load_profile is not None:
            self._sampling.follow_voltage()
            self._load_player = LoadPlayer(plan.load_profile, rig.load, self.clock, self.recorder)
            self._load_player.start()
        elif plan.load_power_w is not None:
            rig.load.draw_power(plan.load_power_w)  # type: ignore[arg-type]  # checked in use_load
        if plan.load_power_w is not None:
            rig.load.set_input(on=True)
            self._load_comparison = LoadComparison(rig.meter, rig.load, rig.clock, self._power_by_socket)
            self.load_told(None if plan.load_profile is not None else float(plan.load_power_w))

    def load_told(self, power: float | None) -> None:
        """Know what constant power in W the load was told to draw; None: it varies, or its input is off."""
        if self._load_comparison is not None:
            self._load_comparison.told(power)

    def _on_reading(self, reading: Reading, read_at: float) -> None:
        if self.power_flows() and reading.power < self.off_w:
            inspection.load_as_told(self.rig)
        if not self._contacts.idle:
            self._contacts.on_reading(reading, read_at)
        if self._load_comparison is not None:
            self._load_comparison.on_reading(reading, read_at)
        self.watch.power_w, self.watch.energy_wh = float(reading.power), float(reading.energy)
        self.watch.voltage_v = float(reading.voltage)
        if self._load_player is not None:
            self._load_player.on_reading(reading)
        self.watch.on_progress(self)

    def _power_by_socket(self, since: float) -> float | None:
        """Return the mean power in W by the METER messages of a socket under test; None if it sent no two since."""
        if "socket" not in self.devices_under_test():
            return None
        told = [
            (frame.t, message.energy_mwh)
            for frame, message in self.messages(Meter)
            if frame.t >= since and frame.direction == sent_by("socket")
        ]
        if len(told) < 2 or told[-1][0] <= told[0][0]:
            return None
        return (told[-1][1] - told[0][1]) * 3.6 / (told[-1][0] - told[0][0])

    def _on_message(self, direction: Direction, message: Message) -> None:
        sender = "socket" if direction == "to cable" else "cable"
        self._contacts.on_talk(SUPPLY[sender], sender, self.clock.now())
        if isinstance(message, Receipt | Close):
            self.rig.side.look()  # a socket has broadcast before it says either
        if isinstance(message, Receipt):
            self.watch.credited_mwh = message.credited_mwh

    def _listen_to_consoles(self) -> None:
        for device, supply in SUPPLY.items():
            name = f"{device}-console"
            self.rig.lines[name].listen(self._console(name, device, supply))

    def _console(self, name: str, device: str, supply: str) -> Callable[[bytes], None]:
        log = ConsoleLog(self.recorder, name)

        def feed(data: bytes) -> None:
            self._contacts.on_talk(supply, device, self.clock.now())
            log.feed(data)

        return feed

    def _on_switch(self, name: str, closed: bool, took: float) -> None:
        self._contacts.on_switch(name, self.clock.now(), closed=closed)
        self.recorder.write(Kind.RELAY, name, {"closed": closed, "read_back": closed}, before=took)

    def _on_strike(self) -> None:
        if self.abuse is not None:
            who = "cable" if self.plan.setup == SOCKET_UNDER_TEST else "socket"
            self.recorder.write(Kind.FAULT, COUNTERPART, {"what": self.abuse.words, "who": who})

    def _last_seen(self) -> str:
        frame = self.recorder.frames[-1] if self.recorder.frames else None
        newest = f"{type(frame.message).__name__} {frame.direction} at {frame.t:.3f} s" if frame else "no message yet"
        flowing = f"{self.watch.power_w:.0f} W" if self.power_flows() else "no power"
        return f"{newest}, {flowing}, {self.watch.energy_wh:.2f} Wh"

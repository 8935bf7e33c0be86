"""One scenario on the bench: what stands there, power applied to it, and its end.

Given steps say what stands on the bench and what the counterpart will do; ``switch_on`` builds it and applies power;
stimuli act on it; Then steps measure by its observer. Everything observed goes through the recorder into the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.evidence.sources import METER_UPDATES
from hil.judge.invariants.history import Memory
from hil.judge.messages import Close, Message, Receipt
from hil.links.tap import Tap
from hil.rig.config.rig_file import SOCKET_UNDER_TEST
from hil.rig.description import record_programs
from hil.rig.recorder import ConsoleLog, LedgerLog, LinkLog, Recorder, sent_by
from hil.rig.sampling.timer import SAMPLE_PERIOD_S
from hil.scenario.abuse_plan import COUNTERPART, AbusePlan
from hil.scenario.appliance.load_drawing import begin_drawing, refuse_beyond, refuse_beyond_each
from hil.scenario.bench_watch import BenchWatch
from hil.scenario.findings import Findings
from hil.scenario.load_profiles import LoadPlayer
from hil.scenario.observer import Observer
from hil.scenario.plan import SUPPLY, Plan
from hil.scenario.setups.by_name import SETUPS
from hil.scenario.setups.common import FIRST, SetupContext
from hil.scenario.setups.counterpart_meter import CounterpartMeter
from hil.scenario.setups.socket_under_test import SocketUnderTestSetup
from hil.units import RESISTIVE, Watt

if TYPE_CHECKING:
    from hil.chain.attacks.blocks import Miner
    from hil.chain.attacks.mempool import FeePressure
    from hil.endpoints.counterpart import Counterpart
    from hil.evidence.limits import Finding
    from hil.links.faults import Direction, FaultRule
    from hil.live.questions import AnswerPlace
    from hil.ports import Reading
    from hil.protocol.payment.signing import Key
    from hil.rig.rig import Rig
    from hil.scenario.check import Check
    from hil.scenario.load_profiles import LoadProfile
    from hil.scenario.setups.by_name import Setup
    from hil.units import CurrentShape


def unwatched(_: ScenarioRun) -> None:
    """Do nothing: the value of ``on_progress`` while no display shows the progress of the scenario."""


class ScenarioRun:
    """See the module's docstring. Built for one scenario and finished by :meth:`finish`.

    :param seed: decides accounts, coins and session ids; the run's seed with the scenario's name.
    """

    def __init__(self, rig: Rig, recorder: Recorder, seed: str, counterpart: str = FIRST) -> None:
        self.rig = rig
        self.clock = rig.clock
        self.recorder = recorder
        self.seed = seed
        self.plan = Plan()
        self.observer = Observer(rig, recorder, self.plan, seed)
        self.findings = Findings(recorder)
        self.checks_ahead: Callable[[], Sequence[Check]] = tuple
        """Tells what the Then steps of the scenario will measure, once all Given steps have been carried out."""
        self.on_progress: Callable[[ScenarioRun], None] = unwatched
        """Called after each reading, for whatever shows where the scenario stands."""
        self.answer_places: Sequence[AnswerPlace] = ()
        """Where the person at the bench may answer what a step asks."""
        self.miner: Miner | None = None
        """A miner in league with a cheat; made when it mines first."""
        self.fee_pressure: FeePressure | None = None
        self.memory = Memory()
        """What the devices said in earlier scenarios of the run."""
        self.bench_watch = BenchWatch(rig, self.observer)
        self._context = SetupContext(rig, self.plan, seed, CounterpartMeter(self.observer), counterpart)
        self._ledger_log = LedgerLog(recorder, rig.clock)
        self._counterpart: Counterpart | None = None
        self._cables = 1
        """How many cables the rig has played in this scenario."""
        self._tap: Tap | None = None
        self._setup: Setup | None = None
        self._load_player: LoadPlayer | None = None
        self._sampling = self.observer.sampling = rig.sampling(recorder, self._on_reading)

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

    def use_load(self, power: Watt, shape: CurrentShape = RESISTIVE) -> None:
        """Let the programmable load draw ``power``; raises AuthorError beyond what it or the rig can do."""
        refuse_beyond(self.rig, power, shape)
        self.plan.appliance, self.plan.load_power_w, self.plan.load_shape = "load", float(power), shape

    def use_profile(self, profile: LoadProfile) -> None:
        """Let the programmable load play an appliance; raises AuthorError beyond what it or the rig can do."""
        refuse_beyond_each(self.rig, profile.drawn)
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
        plan, rig, observer = self.plan, self.rig, self.observer
        if self._tap is not None:
            raise AuthorError("the devices are switched on already")
        if plan.setup not in SETUPS:
            raise AuthorError("no device under test", remedy="Name it first: a Given step, or use_setup in a test.")
        if plan.abuse is not None:
            plan.abuse.check(plan.setup, plan.mode)
        try:
            setup = self._setup = SETUPS[plan.setup](self._context)
            rig.chain.look()  # what happened before is not this scenario's
            rig.chain.on_change = self._ledger_log.on_change
            observer.coins = setup.fund()
            view = plan.ledger_view or rig.file.options.ledger
            rig.reset(setup.device_profiles(), self.seed, plan.plant, view, plan.server_fault, plan.calendars)
            if rig.updates is not None:
                self.recorder.observe(Kind.READING, METER_UPDATES, rig.updates.document())
        finally:
            # power comes later; some limits follow from how often the meter was seen to update
            self.findings.declare(self.checks_ahead())
        rig.on_switch(self._on_switch)
        self._ledger_log.on_funding(observer.coins)
        texts = {**{f"{device}-console": device for device in SUPPLY}, **setup.texts}
        for name, device in texts.items():
            rig.lines[name].listen(self._console(name, device))
        arriving = {sent_by(device) for device in setup.under_test}
        log = LinkLog(self.recorder, setup.lines, arriving, setup.meter_source, self._on_message)
        tap = self._tap = Tap(self.clock, self.seed, log)
        for rule in plan.link_rules:
            tap.add(rule)
        self._counterpart, observer.abuse = setup.connect(tap)
        self._watch_abuse()
        self._sampling.start()
        self.bench_watch.start()
        rig.strategy.transition(setup.state)
        self._connect_appliance()
        for device in setup.under_test:
            rig.strategy.switch(SUPPLY[device], closed=True)
        observer.powered_on = next(event for event in reversed(self.recorder.events) if event.kind is Kind.RELAY)
        if self._counterpart is not None:
            self._counterpart.start()

    def change_cable(self) -> None:
        """Let another cable, with an account and coins of its own, take the place of the one that the rig plays.

        It knows nothing of that one's session. Raises AuthorError unless the socket alone is under test.
        """
        if not isinstance(self._setup, SocketUnderTestSetup) or self._counterpart is None:
            raise AuthorError("only a cable that the bench plays can be exchanged for another one")
        self._counterpart.stop()
        self._cables += 1
        setup = self._setup = SocketUnderTestSetup(self._context, f"cable {self._cables}")
        if not self.plan.honest_at_first:
            self.plan.abuse = None  # the one that was carried off had it
        given = setup.fund()
        self.observer.coins = [*self.observer.coins, *given]
        self._ledger_log.on_funding(given)
        self._counterpart, self.observer.abuse = setup.connect(self.tap())
        self._watch_abuse()
        self._counterpart.start()

    def sample_every(self, seconds: float) -> None:
        """Read the lab meter this often from now on; AuthorError for more often than it updates."""
        if seconds < SAMPLE_PERIOD_S:
            raise AuthorError(f"the lab meter is read every {SAMPLE_PERIOD_S:g} s at most, not every {seconds:g} s")
        self._sampling.period = seconds

    def lost_ledger(self) -> str:
        """Return why the bench, and not the device, is to blame for a ledger that could not be asked; empty if not."""
        return "" if self.plan.server_fault is not None else self.rig.lost_ledger()

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
        if not isinstance(self._setup, SocketUnderTestSetup):
            raise AuthorError("the cable is under test and keeps its keys to itself")
        return self._setup.keys

    def declare(self, *checks: Check) -> None:
        """Say before power is applied what will be measured: what is not taken then stands so in the evidence."""
        self.findings.declare(checks)

    # --- Then --------------------------------------------------------------------------------------------------
    def take(self, check: Check) -> None:
        """Take a check and record its finding; raises LimitMissed or Undecided unless it is pass."""
        self.findings.take(check, self.observer)

    def endings(self) -> list[Callable[[], None]]:
        """Return what is to be done before the bench is made safe: each, whatever one before it raised."""
        parts = (self._counterpart, self.observer.abuse, self._sampling, self._load_player, self.bench_watch)
        stops = [part.stop for part in parts if part is not None]
        return [*stops, self._record_latency, lambda: record_programs(self.rig, self.recorder)]

    def finish(self) -> list[Finding]:
        """Record what was declared and never taken, and return that."""
        return self.findings.close()

    def _record_latency(self) -> None:
        if self._tap is not None and (latency := self._tap.latency()) is not None:
            self.recorder.write_latency(latency)

    def _connect_appliance(self) -> None:
        plan, rig = self.plan, self.rig
        if rig.bench is not None:
            rig.bench.plug(plan.appliance)
        if plan.load_profile is not None:
            self._sampling.follow_voltage()
            self._load_player = LoadPlayer(plan.load_profile, rig.load, self.clock, self.recorder)
            self._load_player.start()
        elif plan.load_power_w is not None:
            begin_drawing(rig.load, Watt(plan.load_power_w), plan.load_shape, self.recorder)
        if plan.load_power_w is not None:
            rig.load.set_input(on=True)
            self.bench_watch.compare_load()
            self.bench_watch.load_told(None if plan.load_profile is not None else float(plan.load_power_w))

    def _on_reading(self, reading: Reading, read_at: float) -> None:
        self.bench_watch.on_reading(reading, read_at)
        self.observer.watch.take(reading)
        if self._load_player is not None:
            self._load_player.on_reading(reading)
        self.on_progress(self)

    def _on_message(self, direction: Direction, message: Message) -> None:
        self.bench_watch.on_talk("socket" if direction == "to cable" else "cable")
        if isinstance(message, Receipt | Close):
            self.rig.chain.look()  # a socket has broadcast before it says either
        if isinstance(message, Receipt):
            self.observer.watch.credited_mwh = message.credited_mwh

    def _console(self, name: str, device: str) -> Callable[[bytes], None]:
        log = ConsoleLog(self.recorder, name)

        def feed(data: bytes) -> None:
            self.bench_watch.on_talk(device)
            log.feed(data)

        return feed

    def _on_switch(self, name: str, closed: bool, took: float) -> None:
        self.bench_watch.on_switch(name, closed=closed)
        self.recorder.observe(Kind.RELAY, name, {"closed": closed, "read_back": closed}, before=took)

    def _watch_abuse(self) -> None:
        abuse = self.observer.abuse
        if abuse is not None:
            abuse.on_strike = self._on_strike
            abuse.dormant = self.plan.honest_at_first

    def _on_strike(self) -> None:
        if (abuse := self.observer.abuse) is not None:
            who = "cable" if self.plan.setup == SOCKET_UNDER_TEST else "socket"
            self.recorder.observe(Kind.FAULT, COUNTERPART, {"what": abuse.words, "who": who})

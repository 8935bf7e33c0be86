"""Made timelines: a scenario of which the truth is known, told to the real measurements by a real recorder.

No bench runs. :class:`Scene` builds a real scenario on a lockstep clock whose far side has nothing to say. The lab
meter is a :class:`MadeMeter`: it averages a :class:`Truth` over its windows, with the errors that it is given.
Messages, faults and relays are told to the recorder at their instants, while a measurement waits or before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from hil.evidence.documents import Event, Json, Kind, encode
from hil.instruments import hmc8015
from hil.instruments.meter_limits import MakersLimits, SpecifiedMeter
from hil.links.faults import Direction
from hil.ports import Identity, LedgerTransaction, Reading
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.wire.messages import Message
from hil.rig.config.limits import SafetyLimits
from hil.rig.config.rig_file import CABLE_UNDER_TEST, PAIR, SOCKET_UNDER_TEST
from hil.rig.recorder import LinkLog, Recorder, Stamp
from hil.rig.sampling.timer import SAMPLE_PERIOD_S, Readings, Sampler, reading_age
from hil.rig.virtual.lockstep_clock import LockstepClock
from hil.scenario.abuse_plan import COUNTERPART
from hil.scenario.scenario import ScenarioRun
from hil.tests.judged import judged, on_line
from hil.tests.scenario.sessions import GIVEN
from hil.units import Ampere, Satoshi, Second, Volt, Watt, WattHour

if TYPE_CHECKING:
    from hil.rig.rig import Rig

__all__ = ["CABLE_UNDER_TEST", "PAIR", "SOCKET_UNDER_TEST", "MadeMeter", "Scene", "Truth"]

MAINS_V = 230.0

GENEROUS = SafetyLimits.model_validate({"power": "10 kW", "energy": "100 kWh", "session": "100 h"})


@dataclass(frozen=True)
class Truth:
    """What flows at the lab meter's terminals: one load, whenever the circuit is live.

    :param live: from when to when there is voltage, in order; an end may be infinite.
    :param watts: what the load draws then; 0 for an open load.
    """

    live: tuple[tuple[float, float], ...] = ()
    watts: float = 1000.0
    volts: float = MAINS_V
    sag: tuple[float, float, float] | None = None
    """From when to when the mains sag, and to what share of their voltage; the load draws its power all the same."""

    def square(self, start: float, end: float) -> float:
        """Return the integral of the squared voltage in V²s; a sag must lie within a time with voltage."""
        whole = self.volts**2 * self.seconds(start, end)
        if self.sag is None:
            return whole
        since, until, share = self.sag
        return whole - self.volts**2 * (1 - share**2) * max(0.0, min(until, end) - max(since, start))

    def seconds(self, start: float, end: float) -> float:
        """Return for how many seconds between two instants the circuit is live."""
        return sum(max(0.0, min(off, end) - max(on, start)) for on, off in self.live)

    def energy_wh(self, until: float, since: float = 0.0) -> float:
        return self.watts * self.seconds(since, until) / 3600


class MadeMeter(SpecifiedMeter):
    """The lab meter: means of its windows, with gain and offset, and with the limits of a meter's data sheet.

    :param update_period: time between two updates; each gives the mean of the time since the one before.
    :param phase: second at which one of its windows ends.
    :param gain: error of power and energy, as a fraction of the reading: what a data sheet means.
    :param offset: error of power in W; its integrator adds it up whether power flows or not.
    :param volts_gain: error of voltage, as a fraction of the reading.
    """

    settling = Second(0.0)
    identity = Identity("maker", "model", "1", "1")

    def __init__(
        self,
        truth: Truth,
        now: Callable[[], float],
        update_period: float,
        phase: float,
        gain: float,
        offset: float,
        volts_gain: float,
        limits: MakersLimits,
    ) -> None:
        self.truth, self.now, self.phase = truth, now, phase
        self.update_period = Second(update_period)
        self.gain, self.offset, self.volts_gain = gain, offset, volts_gain
        self.limits = limits
        self._newest = (math.nan, Reading(Volt(0.0), Ampere(0.0), Watt(0.0), WattHour(0.0), Second(0.0)))
        """The window that was read last, by its end: a meter may be read more often than it updates."""

    def verify(self) -> None:
        """Find its settings as they were prepared."""

    def prepare(self) -> None:
        """Do nothing: it is ready."""

    def errors(self) -> list[str]:
        return []

    def close(self) -> None:
        """Do nothing."""

    def read(self) -> Reading:
        end = math.floor((self.now() - self.phase) / self.update_period + 1e-9) * self.update_period + self.phase
        if end != self._newest[0]:
            self._newest = (end, self.window(end))
        return self._newest[1]

    def window(self, end: float) -> Reading:
        """Return the reading of the window that ends at ``end``."""
        truth, share = self.truth, self.truth.seconds(end - self.update_period, end) / self.update_period
        watts = (truth.watts * share + self.offset) / (1 - self.gain)
        volts = math.sqrt(truth.square(end - self.update_period, end) / self.update_period) / (1 - self.volts_gain)
        energy = (truth.watts * truth.seconds(0.0, end) + self.offset * max(0.0, end)) / (1 - self.gain) / 3600
        amperes = truth.watts / truth.volts * math.sqrt(share)
        return Reading(Volt(volts), Ampere(amperes), Watt(watts), WattHour(energy), Second(max(0.0, end)))


class _Written:
    """Implements :class:`hil.rig.recorder.EventWriter`: keeps events, if they can be encoded."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, event: Event) -> None:
        encode(event.canonical())
        self.events.append(event)


class _MadeClock(LockstepClock):
    """A lockstep clock whose stamps may be in error."""

    @contextmanager
    def off_by(self, error: float) -> Iterator[None]:
        """Tell an instant that is in error, for as long as something is recorded."""
        true, self._now = self._now, Second(self._now + error)
        try:
            yield
        finally:
            self._now = true


class _NothingElse:
    """The far side of the clock: time passes, and no line says anything."""

    def advance(
        self, until: float, received: Mapping[str, int], on_idle: Callable[[], None]
    ) -> tuple[float, Mapping[str, int]]:
        return until, {}


class MadeLedger:
    """A chain as the bench sees it: transactions are put into its mempool, and mined when the bench asks for it."""

    def __init__(self) -> None:
        self._transactions: list[LedgerTransaction] = []

    def take(self, raw: bytes, fee_sat: int = 1410) -> LedgerTransaction:
        """Put a transaction into the mempool."""
        found = LedgerTransaction(txid(parse_transaction(raw)), raw, Satoshi(fee_sat), 0)
        self._transactions.append(found)
        return found

    def drop(self, raw: bytes) -> None:
        """Forget a transaction, in the mempool or in a block."""
        self._transactions = [each for each in self._transactions if each.raw != raw]

    def mine(self, blocks: int = 1) -> None:
        self._transactions = [
            LedgerTransaction(each.txid, each.raw, each.fee, each.confirmations + blocks) for each in self._transactions
        ]

    def spending(self, outpoints: Sequence[OutPoint]) -> list[LedgerTransaction]:
        wanted = {str(each) for each in outpoints}
        return [each for each in self._transactions if wanted & set(_spent(each.raw))]

    def transaction(self, identity: str) -> LedgerTransaction | None:
        return next((each for each in self._transactions if each.txid == identity), None)


def _spent(raw: bytes) -> Iterable[str]:
    return (f"{each.prevout.hash[::-1].hex()}:{each.prevout.n}" for each in parse_transaction(raw).vin)


class _Sampling(Sampler):
    """The real sampler; but what a wall clock makes of it when its stamps may be in error by its bound."""

    def __init__(self, meter: MadeMeter, clock: LockstepClock, readings: Readings, error: Callable[[], float]) -> None:
        super().__init__(meter, clock, readings)
        self._made, self._time, self._taken, self._error = meter, clock, readings, error

    def _sample(self) -> None:
        if self._time.bound:
            t = self._time.now() + self._error()
            self._taken.take(self._read(), reading_age(self._made), Stamp(t, self._time.bound))
            self._due += self.period
            self._timer = self._time.call_at(self._due, self._sample)
        else:
            super()._sample()


class Scene:
    """One scenario of which the truth is known; measurements get its :attr:`observer`.

    :param bound: half-width within which the clock's stamps are true.
    :param error: the error of the next stamp, within ± ``bound``.
    :param read_every: seconds between two readings; at least ten a second while the bench looks closely.
    """

    def __init__(
        self,
        truth: Truth | None = None,
        *,
        setup: str = SOCKET_UNDER_TEST,
        mode: str = "single-fee",
        period: float = 0.1,
        phase: float = 0.0,
        gain: float = 0.0,
        offset: float = 0.0,
        volts_gain: float = 0.0,
        bound: float = 0.0,
        error: Callable[[], float] = lambda: 0.0,
        read_every: float = SAMPLE_PERIOD_S,
        limits: MakersLimits = hmc8015.LIMITS,
        metered: bool = True,
    ) -> None:
        self.truth = Truth() if truth is None else truth
        self.clock = _MadeClock(_NothingElse())
        self.clock.bound = Second(bound)
        self._error = error
        self.meter = MadeMeter(self.truth, self.clock.now, period, phase, gain, offset, volts_gain, limits)
        self.ledger = MadeLedger()
        self.recorder = Recorder(_Written(), self.clock)
        self.scenario = ScenarioRun(cast("Rig", self._rig()), self.recorder, "made")
        self.observer = self.scenario.observer
        plan = self.scenario.plan
        plan.setup, plan.mode, plan.appliance, plan.load_power_w = setup, mode, "load", self.truth.watts
        self.observer.coins = [GIVEN]
        lines: dict[Direction, str] = {"to socket": "socket-link", "to cable": "socket-link"}
        self._log = LinkLog(self.recorder, lines, (), "socket", lambda *_: None)
        self._sampling.period = read_every
        if metered:
            self._sampling.start()

    def _rig(self) -> Any:
        def sampling(recorder: Recorder, listener: Callable[[Reading, float], None]) -> Sampler:
            readings = Readings(self.clock, recorder, GENEROUS, listener)
            self._sampling = _Sampling(self.meter, self.clock, readings, self._error)
            return self._sampling

        return SimpleNamespace(
            clock=self.clock,
            meter=self.meter,
            ledger=self.ledger,
            bench=None,
            sampling=sampling,
            chain=SimpleNamespace(look=lambda: None),
            watchdog=SimpleNamespace(look=lambda: None),
            load=SimpleNamespace(opened_by_itself=lambda: "", errors=list),
        )

    @property
    def sampled_closely(self) -> bool:
        """Whether each reading is handed over at its instant."""
        return self._sampling.closely

    @sampled_closely.setter
    def sampled_closely(self, closely: bool) -> None:
        self._sampling.closely = closely

    def at(self, t: float, act: Callable[[], object]) -> None:
        """Do something at second ``t``, as soon as time passes."""

        def then() -> None:
            act()

        self.clock.call_at(t, then)

    def say(self, t: float, message: Message, direction: Direction, *, lost: bool = False) -> None:
        """Let a message pass at second ``t``."""
        item, raw = judged(message), on_line(message)
        self.at(t, lambda: self._stamped(lambda: self._log.on_frame(direction, item, raw, lost=lost)))

    def from_socket(self, t: float, *messages: Message, lost: bool = False) -> None:
        """Let the socket say something at second ``t``."""
        for message in messages:
            self.say(t, message, "to cable", lost=lost)

    def from_cable(self, t: float, *messages: Message, lost: bool = False) -> None:
        """Let the cable say something at second ``t``."""
        for message in messages:
            self.say(t, message, "to socket", lost=lost)

    def fault(self, t: float, source: str, what: str, **data: Json) -> None:
        """Let a fault that the scenario asked for happen at second ``t``."""
        self.write(t, Kind.FAULT, source, {"what": what, "who": "bench", **data})

    def strike(self, t: float, message: Message, direction: Direction = "to socket") -> None:
        """Let the counterpart cheat at second ``t``, with this message."""
        item, raw = judged(message), on_line(message)

        def act() -> None:
            self._record(Kind.FAULT, COUNTERPART, {"what": "cheats", "who": "cable"}, 0.0)
            self._log.on_frame(direction, item, raw, lost=False)

        self.at(t, lambda: self._stamped(act))

    def write(self, t: float, kind: Kind, source: str, data: Mapping[str, Json], *, before: float = 0.0) -> None:
        """Record something at second ``t``."""
        self.at(t, lambda: self._stamped(lambda: self._record(kind, source, data, before)))

    def relay(self, t: float, name: str, *, closed: bool, before: float = 0.0) -> None:
        self.write(t, Kind.RELAY, name, {"closed": closed, "read_back": closed}, before=before)

    def power_on(self, t: float, relay: str = "K3") -> None:
        """Apply the supply of the device under test at second ``t``."""

        def act() -> None:
            self.observer.powered_on = self.recorder.observe(Kind.RELAY, relay, {"closed": True, "read_back": True})

        self.at(t, act)

    def run(self, until: float) -> Scene:
        """Let time pass to second ``until``."""
        self.clock.sleep(until - self.clock.now())
        return self

    def _record(self, kind: Kind, source: str, data: Mapping[str, Json], before: float) -> None:
        self.recorder.observe(kind, source, data, before=before)

    def _stamped(self, act: Callable[[], None]) -> None:
        """Record something with the clock in error, as far as its bound allows."""
        with self.clock.off_by(self._error()):
            act()

"""The safe state with connections of one's own: for the watchdog, and by hand (docs/safety.md).

Load input off, then K1, K2, K3, K4 open, each read back; what does not obey is tried again, without keeping the rest
waiting.
Read-back tells what a coil was told, not where its contact is: so the lab meter is asked last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hil.clock import Clock, WallClock, stopwatch
from hil.errors import HilError, RigFault, sentences, together, words
from hil.evidence.event_intervals import DEAD_V
from hil.evidence.uncertainty import Conditions
from hil.instruments.dialects import LOADS, METERS
from hil.rig.config.calibration.transformer import stated_transformer
from hil.rig.labgrid.protocols import load_driver, meter_driver
from hil.rig.labgrid.relays import CoilRelay
from hil.rig.labgrid.target import build_target
from hil.rig.safety.contacts import CONTACT_S
from hil.rig.safety.meter_plausibility import PLAUSIBLE
from hil.units import format_quantity

if TYPE_CHECKING:
    from pathlib import Path

    from hil.ports import Meter

RELAYS = ("K1", "K2", "K3", "K4")

FIRST_PATIENCE_S = 0.25
"""For each connection and each reply in the first round: a part that hangs must not keep K1 closed."""

PATIENCE_S = 1.0
"""The same in later rounds."""

ROUNDS = 5
PAUSE_S = 0.2
"""Between two rounds."""

ENOUGH_S = 8.0
"""No round begins later: where the network is gone each one takes nine seconds, and a person must hear of it soon."""

DEAD_WITHIN_S = 1.0
"""What flows so long after that has an open circuit no longer as its explanation: power stages discharge faster."""

LOOK_AGAIN_S = 0.05


@dataclass(frozen=True)
class Step:
    """One part of the safe state.

    :param ms: from the cause to its read-back (or to giving up); :param tries: how often it was told.
    """

    part: str
    reached: bool
    ms: float
    tries: int
    problem: str = ""


@dataclass(frozen=True)
class SafeStateReport:
    """How the bench came to its safe state.

    :param ms: from the cause to the last read-back; the look at the meter comes after that.
    :param meter: what the meter then said; ``not asked``, or why it could not be asked.
    """

    cause: str
    reached: bool
    ms: float
    steps: tuple[Step, ...]
    meter: str
    problem: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    def __str__(self) -> str:
        if self.reached:
            return f"{self.cause}: safe after {self.ms:.0f} ms, read back; meter: {self.meter}"
        return sentences(f"{self.cause}: SAFE STATE NOT REACHED: {self.problem}", "Switch the mains off by hand.")


class SafeStateMaker:
    """Knows relays and instruments from the rig file; opens its connections when it acts, and closes them after.

    :param path: the rig file; templates in it see ``LG_*`` of the environment.
    :param tell: told that the last known addresses of a labgrid place are taken, since its coordinator does not answer.
    :raises HilError: labgrid cannot build it, or cannot have the place that it names.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self._environment, target = build_target(path, tell=tell)
        self._load = load_driver(target, activate=False)
        self._meter = meter_driver(target, activate=False)
        self._target = target
        self._path = path

    def act(self, cause: str, since: Callable[[], float] | None = None, *, prepare: bool = False) -> SafeStateReport:
        """Make the bench safe; never raises for anything that the bench does.

        :param since: tells the seconds since the cause; default: since this call.
        :param prepare: set the meter up if it has no reading (the meter of a run that was killed has one).
        """
        since = since or stopwatch()
        clock = WallClock()
        actions: dict[str, Callable[[float], None]] = {"load input": self._load_off}
        actions |= {name: self._opener(name) for name in RELAYS}
        done: dict[str, Step] = {}
        errors: dict[str, HilError] = {}
        for round_number in range(1, ROUNDS + 1):
            if round_number > 1:
                clock.sleep(PAUSE_S)
            for part, action in actions.items():
                if part in done and done[part].reached:
                    continue
                errors.pop(part, None)
                try:
                    action(FIRST_PATIENCE_S if round_number == 1 else PATIENCE_S)
                except Exception as error:  # whatever it is, the other parts must be switched
                    errors[part] = error if isinstance(error, HilError) else RigFault(words(error), place=part)
                problem = str(errors[part]) if part in errors else ""
                done[part] = Step(part, not problem, round(since() * 1000, 3), round_number, problem)
            if all(step.reached for step in done.values()) or clock.now() >= ENOUGH_S:
                break
        ms = round(since() * 1000, 3)
        problems = [together(errors.values())] if errors else []
        meter, live = self._ask_meter(clock, prepare=prepare)
        problems += [live] if live else []
        steps = tuple(done[part] for part in actions)
        return SafeStateReport(cause, not problems, ms, steps, meter, "; ".join(problems))

    def load_drivers(self) -> None:
        """Import the drivers of instruments now, plug-ins too: what an import takes must not keep a relay closed."""
        for dialects in (LOADS, METERS):
            for _ in dialects.loaded([]):
                pass

    def close(self) -> None:
        """Let go of labgrid's target."""
        self._environment.cleanup()

    def _load_off(self, patience: float) -> None:
        load = self._load.connect(timeout=patience)
        try:
            try:
                load.set_input(on=False)
            except RigFault:
                if load.input_is_on():  # an old error in its queue is no reason to call it on
                    raise
        finally:
            load.close()

    def _opener(self, name: str) -> Callable[[float], None]:
        def open_it(patience: float) -> None:
            output = self._target.get_driver("DigitalOutputProtocol", name=name)
            limit_patience(output, patience)
            CoilRelay(output).set(closed=False)

        return open_it

    def _ask_meter(self, clock: Clock, *, prepare: bool) -> tuple[str, str]:
        """Return what the meter says, and what is wrong with that."""
        try:
            meter = self._meter.connect(timeout=PATIENCE_S)
            try:
                if (transformer := stated_transformer(self._path)) is not None:
                    meter.conditions = Conditions(transformer=transformer)
                try:
                    meter.read()
                except RigFault:
                    if not prepare:
                        raise
                    meter.prepare()
                    clock.sleep(meter.settling)
                return look_for_power(meter, clock)
            finally:
                meter.close()
        except Exception as error:  # not to be had is no reason to call the bench unsafe
            return f"cannot tell ({words(error)})", ""


class PassingTime(Protocol):
    """The part of a clock that a look at the meter needs."""

    def now(self) -> float:
        """Return the present instant in seconds."""

    def sleep(self, duration: float, /) -> None:
        """Let so many seconds pass."""


def look_for_power(meter: Meter, clock: PassingTime) -> tuple[str, str]:
    """Return what the meter says of a circuit whose relays all read back open, and what is wrong with that.

    A reading may be from before: it averages over an update period, and is up to one more old. So none is believed
    until that has passed since the contacts opened; then the meter has ``DEAD_WITHIN_S`` to show nothing.
    A meter whose integrated time stands cannot tell. Raises RigFault for one that reads more power than the product of
    its voltage and current, and what its driver raises if it cannot be read by then: what it says of the time before,
    as of an overload, does not count.
    """
    off_w = float(meter.off_threshold_w)
    before: float | None = None
    with contextlib.suppress(Exception):
        before = meter.read().integrated
    clock.sleep(CONTACT_S + 2 * float(meter.update_period))
    deadline = clock.now() + DEAD_WITHIN_S
    while True:
        reading = meter.read()
        before = reading.integrated if before is None else before
        power, voltage = float(reading.power), float(reading.voltage)
        seen = f"{format_quantity(power, 'W')}, {format_quantity(voltage, 'V')}"
        if power < off_w and voltage < DEAD_V:
            return seen, ""
        if clock.now() >= deadline:
            break
        clock.sleep(LOOK_AGAIN_S)
    if reading.integrated == before:
        return f"cannot tell (its readings are old: {seen})", ""
    if power - off_w / 2 > PLAUSIBLE * voltage * float(reading.current):
        raise RigFault(
            f"it reads {seen} and {format_quantity(reading.current, 'A')}, which cannot be",
            place="meter",
            remedy="Check its zero and its inputs.",
        )
    if power >= off_w:
        what = "power still flows"
        cause = "K1 and K2 read back open and are welded shut, or do not switch this circuit"
    else:
        what = "the meter still has voltage"
        cause = "K1 is welded shut or does not switch this circuit, or the meter shows voltage where there is none"
    return seen, f"{what} ({seen}) {DEAD_WITHIN_S:g} s after all relays read back open: {cause}"


def limit_patience(output: Any, seconds: float) -> None:
    """Let a relay driver over Modbus wait so long for its board; pyModbusTCP's own 30 s would hold up everything."""
    client = getattr(output, "client", None)
    if client is not None and hasattr(client, "timeout"):
        client.timeout = seconds


def keep_connection(output: Any) -> None:
    """Let a relay driver over Modbus keep its connection between requests, which else is most of what one costs.

    For the virtual bench's board only: real ones serve few connections, often one, and drop those that are idle.
    """
    client = getattr(output, "client", None)
    if client is not None and hasattr(client, "auto_close"):
        client.auto_close = False

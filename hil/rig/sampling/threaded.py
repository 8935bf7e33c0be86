"""Reads the lab meter on the wall clock, in a thread of its own (docs/lockstep-time.md).

The thread alone talks to the meter from ``start`` until ``ended``; what it read goes to the clock's loop, where
everything else of the rig happens. A reading is stamped where it was taken: the instant of its question and that of its
answer hold it between them, however late the loop hears of it.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.clock import WallClock
from hil.errors import RigFault
from hil.rig.recorder import Stamp
from hil.rig.sampling.mailbox import Mailbox
from hil.rig.sampling.timer import SAMPLE_PERIOD_S, next_due, reading_age

if TYPE_CHECKING:
    from hil.clock import Timer
    from hil.ports import Meter, Reading
    from hil.rig.sampling.timer import Readings

READ_EVERY_S = 0.07
"""Between two questions to the meter: sooner than it updates, so that a question that comes 20 ms late skips no update,
and in no simple ratio to 0.1 s, so that the readings soon tell at which phase it updates."""

SILENCE_S = 5.0
"""Longest time without a reading before the bench counts as unwatched; a driver gives up its query after 2 s."""

VERIFY_S = 60.0
"""How often the meter is asked whether its settings are what they were."""

LOOK_AGAIN_S = 0.01
"""Between two looks at a thread that is ending."""


@dataclass(frozen=True)
class Sample:
    """A reading with the instants of its question and its answer."""

    reading: Reading
    asked: float
    answered: float


class ThreadedSampler:
    """See :class:`hil.rig.sampling.timer.Sampling`.

    Used for one scenario. If the meter's driver never comes back, :meth:`ended` says so and the thread is left behind:
    it does not keep the process from ending.
    """

    def __init__(self, meter: Meter, clock: WallClock, readings: Readings) -> None:
        self._meter = meter
        self._clock = clock
        self._readings = readings
        self.period = SAMPLE_PERIOD_S
        self.closely = True
        self._age = 0.0
        self._mailbox: Mailbox[Sample | BaseException] = Mailbox(self._deliver)
        self._thread = threading.Thread(target=self._work, name="sampling", daemon=True)
        self._stopping = threading.Event()
        self._heard = 0.0
        """Instant of the newest answer; written by the thread."""
        self._delivered = 0
        self._recorded = -math.inf
        """When the newest reading was asked for that is in the evidence."""
        self._closed = False
        self._timer: Timer | None = None
        self._due = 0.0

    def start(self) -> None:
        """Return when the first reading was taken in."""
        self._age = reading_age(self._meter)
        self._due = self._heard = self._clock.now()
        self._clock.attach(self._mailbox)
        self._thread.start()
        self._watch()
        # the watch below ends this wait if need be
        self._clock.wait_for(lambda: self._delivered, timeout=2 * SILENCE_S, what="the first reading of the lab meter")

    def follow_voltage(self) -> None:
        """Do nothing: each reading is handed over as soon as it comes."""

    def refresh(self) -> None:
        """Do nothing: the thread reads at the meter's own rate, whatever goes into the evidence."""

    def stop(self) -> None:
        """See :class:`hil.rig.sampling.timer.Sampling`."""
        self._stopping.set()
        if self._timer is not None:
            self._timer.cancel()

    def ended(self, timeout: float) -> bool:
        """Wait ``timeout`` seconds at most for the end of the thread; tell whether it has ended."""
        deadline = self._clock.now() + timeout
        while self._thread.is_alive():
            if self._clock.now() >= deadline:
                return False
            self._clock.sleep(LOOK_AGAIN_S)
        if not self._closed:
            self._closed = True
            self._clock.detach(self._mailbox)
            self._mailbox.close()
        return True

    def _watch(self) -> None:
        """Raise RigFault if the meter was not heard for too long.

        Ten times a second, so that the clock also learns how late its loop is.
        """
        silence = self._clock.now() - self._heard
        if silence > SILENCE_S:
            raise RigFault(
                f"no reading for {silence:.1f} s: nothing holds the bench against its limits",
                place="meter",
                remedy="See why its driver does not return.",
            )
        self._due = next_due(self._due, self._clock.now(), SAMPLE_PERIOD_S)
        self._timer = self._clock.call_at(self._due, self._watch)

    def _deliver(self, found: Sample | BaseException) -> None:
        if self._stopping.is_set():
            return
        if isinstance(found, BaseException):
            raise found
        self._delivered += 1
        if self.period > SAMPLE_PERIOD_S and found.asked < self._recorded + self.period - SAMPLE_PERIOD_S / 2:
            self._readings.pass_on(found.reading, found.answered)
            return
        self._recorded = found.asked
        stamp = Stamp(found.answered, WallClock.bound)
        self._readings.take(found.reading, self._age + found.answered - found.asked, stamp)

    def _work(self) -> None:
        due: float = self._clock.now()
        verified = due
        try:
            while not self._stopping.wait(due - self._clock.now()):
                asked = self._clock.now()
                reading = self._meter.read()
                answered = self._clock.now()
                self._heard = answered
                self._mailbox.put(Sample(reading, asked, answered))
                if answered - verified >= VERIFY_S:
                    verified = answered
                    self._meter.verify()
                due = next_due(due, self._clock.now(), READ_EVERY_S)
        except BaseException as error:  # whatever it is, the loop must hear of it
            self._mailbox.put(error)

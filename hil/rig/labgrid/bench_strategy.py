"""The bench's strategy: which relays are open and closed in each state, and in which order they switch.

A rig file imports this module; the framework's resources and drivers come with it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import attr
from labgrid import target_factory
from labgrid.strategy.common import Strategy, StrategyError, never_retry

from hil.errors import HilError, RigFault, together
from hil.evidence.own_error import sentence
from hil.rig.labgrid import resources_and_drivers  # noqa: F401 - labgrid knows what was imported
from hil.rig.labgrid.bounded_call import BoundedCall
from hil.rig.labgrid.protocols import LoadProtocol
from hil.rig.labgrid.relays import CoilRelay, DigitalOutput

LOAD_PATIENCE_S = 0.25
"""For the load's input to go off before K1 is opened; a load that hangs must not keep it closed for longer."""

LOAD_END_S = 10.0
"""For a load that hangs, after all relays are open: its driver gives up one query, or one connection, after 2 s."""


class BenchState(enum.Enum):
    """Where the bench stands.

    SAFE: load input off, all relays open, read back (docs/safety.md). ARMED: K2 closed, K1 left to the counterpart that
    plays the socket. LIVE: K1 and K2 closed, the socket under test has the mains.
    """

    UNKNOWN = "unknown"
    SAFE = "safe"
    ARMED = "armed"
    LIVE = "live"


@target_factory.reg_driver
@attr.s(eq=False)
class BenchStrategy(Strategy):  # type: ignore[misc]  # labgrid has no types
    """Brings the bench from safe to live and back. A bench that failed to obey stays broken until it was made safe."""

    bindings = {  # noqa: RUF012 - labgrid's way to declare bindings
        "k1": "DigitalOutputProtocol",
        "k2": "DigitalOutputProtocol",
        "k3": "DigitalOutputProtocol",
        "k4": "DigitalOutputProtocol",
        "load": LoadProtocol,
    }

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.bench_state = BenchState.UNKNOWN
        self.on_switch: Callable[[str, bool, float], None] = _nobody_listens
        self.now: Callable[[], float] = lambda: 0.0
        """The bench's time, to tell how long a relay took from its command to its read-back."""
        self.told: dict[str, bool] = {}
        """Which relays were last told to be closed, and obeyed."""
        self.unheard: list[Exception] = []
        """What ``on_switch`` raised while the bench was last made safe: no reason to call it unsafe."""

    @never_retry  # type: ignore[untyped-decorator]  # labgrid has no types
    def transition(self, status: str | BenchState) -> None:
        """Go to ``safe``, ``armed`` or ``live``; raises StrategyError from the RigFault that stopped it.

        A bench whose state is not known is made safe first.
        """
        wanted = BenchState(status)
        if wanted is BenchState.SAFE:
            self.make_safe()
            return
        if self.bench_state is BenchState.UNKNOWN:  # a process of its own each time, as labgrid-client is
            self.make_safe()
        if wanted is BenchState.UNKNOWN or self.bench_state is not BenchState.SAFE:
            raise StrategyError(
                f"the bench goes from safe to armed or live, not from {self.bench_state.value} to {status}"
            )
        for name in ("K1", "K2") if wanted is BenchState.LIVE else ("K2",):
            self.switch(name, closed=True)
        self.bench_state = wanted

    def make_safe(self) -> None:
        """Load input off, then K1, then K2, then the devices' supplies; each is tried whatever one before it raised,
        and nothing waits for a load that hangs.

        Raises RigFault that names everything that did not obey.
        """
        problems: list[HilError] = []
        remedy = "The relays are open and read back. Switch the load off by hand, and on again."
        self.unheard = []
        self.bench_state = BenchState.UNKNOWN
        load = None
        try:
            self.target.activate(self.load)
            load = BoundedCall(lambda: self.load.port.set_input(on=False))
            load.wait(LOAD_PATIENCE_S)
        except Exception as error:
            problems.append(_told("load", error))
        for name in ("K1", "K2", "K3", "K4"):
            try:
                took = self._move(name, closed=False)
            except Exception as error:
                problems.append(_told(f"relay {name}", error))
                remedy = "Switch the mains off by hand."
                continue
            try:
                self.on_switch(name, False, took)
            except Exception as error:
                self.unheard.append(error)
        try:
            if load is not None and load.wait(LOAD_END_S):
                load.result()
            elif load is not None:
                problems.append(RigFault(f"its driver did not come back within {LOAD_END_S:g} s", place="load"))
        except Exception as error:
            problems.append(_told("load", error))
        if problems:
            raise RigFault(together(problems), place="safe state", remedy=remedy)
        self.bench_state, self.broken = BenchState.SAFE, None

    def switch(self, name: str, *, closed: bool) -> None:
        """Switch one of K1 to K4 and read it back; raises RigFault if it does not obey."""
        self.on_switch(name, closed, self._move(name, closed=closed))

    def _move(self, name: str, *, closed: bool) -> float:
        """Switch a relay and read it back; return the seconds that this took."""
        output: DigitalOutput = getattr(self, name.lower())
        self.target.activate(output)
        began = self.now()
        CoilRelay(output).set(closed=closed)
        self.told[name] = closed
        return self.now() - began

    def is_closed(self, name: str) -> bool:
        """Read a relay back."""
        output: DigitalOutput = getattr(self, name.lower())
        self.target.activate(output)
        return CoilRelay(output).is_closed()


def _told(part: str, error: Exception) -> HilError:
    return error if isinstance(error, HilError) else RigFault(sentence(error), place=part)


def _nobody_listens(name: str, closed: bool, took: float) -> None:
    """Until a scenario records what is switched."""

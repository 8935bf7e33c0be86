"""A virtual Acme EL1500: its dialect over the load of the virtual bench. It shares nothing with the driver."""

from __future__ import annotations

from collections.abc import Callable

from hil.vbench.instruments.load_base import LoadFront
from hil.vbench.plant.instrument_errors import NO_ERRORS, LoadErrors
from hil.vbench.plant.terminals import ElectronicLoadState
from hil.vbench.scpi.engine import Commands, ScpiEngine, scientific
from hil.vbench.scpi.parameters import Boolean, Choice, Command, Number

POWER = Number(0.0, 1500.0, 0.0, "W")
CURRENT = Number(0.0, 10.0, 0.0, "A")
RESISTANCE = Number(5.0, 5000.0, 5000.0, "OHM")


class AcmeEl1500:
    """Acts on ``state``, which the bench reads. It has no protection that depends on the time."""

    def __init__(self, state: ElectronicLoadState, now: Callable[[], float]) -> None:
        self._state = state
        state.max_current, state.max_power = CURRENT.maximum, POWER.maximum
        self._front = LoadFront(state, CURRENT, RESISTANCE, POWER)
        commands = {
            "MODE": Command(lambda mode: self._front.set(mode=mode), (Choice("POWer", "CURRent", "RESistance"),)),
            "MODE?": Command(lambda: state.mode),
            **self._set_point("POWer", POWER, "power"),
            **self._set_point("CURRent", CURRENT, "current"),
            **self._set_point("RESistance", RESISTANCE, "resistance"),
            "INPut": Command(lambda on: self._front.set(input_on=on), (Boolean(),)),
            "INPut?": Command(lambda: f"{state.input_on:d}"),
            "MEASure:POWer?": Command(lambda: scientific(state.reading()[2])),
        }
        self._engine = ScpiEngine(commands, identity="ACME,EL1500,0001,1.0", reset=self._reset, questionable=True)
        self._reset()

    def execute(self, line: str) -> str | None:
        return self._engine.execute(line)

    def power_on(self, seed: str, given: LoadErrors = NO_ERRORS) -> None:
        self._state.errors = LoadErrors.drawn(seed, given)
        self._engine.status.power_on()
        self._reset()

    def update(self) -> None:
        """Nothing is left to do: it has no protection that could trip."""

    def _reset(self) -> None:
        self._front.reset(self._engine.status)

    def _set_point(self, header: str, number: Number, name: str) -> Commands:
        return {
            header: Command(lambda value: self._front.set(**{name: value}), (number,)),
            f"{header}?": Command(lambda: scientific(getattr(self._state, name))),
        }

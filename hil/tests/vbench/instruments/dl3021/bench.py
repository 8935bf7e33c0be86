"""A virtual DL3021 on the plant of the bench, behind the adapter."""

from __future__ import annotations

from hil.vbench.instruments.dl3021.load import Dl3021
from hil.vbench.plant.dc_adapter import EFFICIENCY
from hil.vbench.plant.instrument_errors import LoadErrors
from hil.vbench.plant.parameters import PlantParameters
from hil.vbench.plant.plant import JOULE_PER_WATT_HOUR, Plant
from hil.vbench.plant.terminals import ElectronicLoadState
from hil.vbench.virtual_time import Kernel

EXACT = LoadErrors(0.0, 0.0, 0.0, 0.0)


class Bench:
    """A load without errors behind the adapter, mains on; ``loaded`` is the energy in J that the load itself took."""

    def __init__(self, *, mains: bool = True) -> None:
        self.kernel = Kernel()
        self.state = ElectronicLoadState()
        self.load = Dl3021(self.state, lambda: self.kernel.now)
        numbers = PlantParameters.of({"contactor_operate_time": 0.0, "contactor_release_time": 0.0})
        self.plant = Plant(
            self.kernel, numbers, self.state, lambda sample: self.load.update(), False, lambda role, on: None
        )
        self.plant.connect_load()
        self.load.power_on("seed", EXACT)
        self.load.execute("*CLS")
        if mains:
            self.switch_mains(on=True)

    def __call__(self, line: str) -> str | None:
        return self.load.execute(line)

    def switch_mains(self, *, on: bool) -> None:
        for relay in self.plant.relays[:2]:
            relay.set(closed=on)
        self.wait(0.0)

    def wait(self, seconds: float) -> None:
        self.kernel.run_until(self.kernel.now + seconds)

    @property
    def amperes(self) -> float:
        return self.state.measured()[1]

    @property
    def loaded(self) -> float:
        return self.plant.energy() * JOULE_PER_WATT_HOUR * EFFICIENCY

    def no_error(self) -> None:
        assert self("SYST:ERR?") == '0,"No error"'

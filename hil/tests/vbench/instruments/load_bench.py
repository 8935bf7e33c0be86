"""A virtual load by itself, and what its terminals carry."""

from __future__ import annotations

from hil.vbench.instruments.registry import virtual_load
from hil.vbench.plant.terminals import ElectronicLoadState


class LoadBench:
    """A load of the dialect ``name`` with terminals that a test sets: volts, amperes, watts and hertz."""

    def __init__(self, name: str, terminals: tuple[float, float, float, float]) -> None:
        self.now = 0.0
        self.terminals = terminals
        self.state = ElectronicLoadState(measured=lambda: self.terminals)
        self.load = virtual_load(name)(self.state, lambda: self.now)
        self.load.power_on("seed")
        self("*CLS")

    def __call__(self, line: str) -> str | None:
        return self.load.execute(line)

"""A virtual bench that stands by itself (``hil vbench up``, ``hil fleet up``): one job after the other controls it."""

from __future__ import annotations

from hil.errors import RigFault
from hil.rig.virtual.client import VirtualBenchClient
from hil.rig.virtual.environment import STANDARD_PORTS


class StandingBench(VirtualBenchClient):
    """Takes control of a bench that another program has started, and resets it: faults, devices and contacts of the job
    before are gone. The bench goes on when this job ends.

    :raises RigFault: nothing listens at ``address``, or another job controls the bench.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address, STANDARD_PORTS)
        try:
            self.reset(seed="new job", plant={}, devices={}, node=None, clock="wall")
        except RigFault as fault:
            self.close()
            raise RigFault(
                f"no control of it: {fault.what}",
                place=f"virtual bench {address}",
                remedy="Wait until the job that has it ends.",
            ) from fault

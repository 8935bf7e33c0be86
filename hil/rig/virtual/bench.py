"""The virtual bench of a rig file: started for this job, or one that stands and is taken over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hil.rig.virtual.environment import ADDRESS_VARIABLE, TERMINAL_VARIABLES
from hil.rig.virtual.process import VirtualBenchProcess
from hil.rig.virtual.standing import StandingBench

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile


def open_bench(file: RigFile) -> VirtualBenchProcess | StandingBench:
    """Return control of the bench, and tell its address to the templates of the rig file.

    Raises as the two classes do.
    """
    bench = (
        StandingBench(file.bench_address)
        if file.standing
        else VirtualBenchProcess(file.bench_address, file.bench_instruments)
    )
    os.environ[ADDRESS_VARIABLE] = bench.address
    os.environ.update({TERMINAL_VARIABLES[role]: path for role, path in bench.terminals.items()})
    return bench

"""A rig is opened, and is safe before and after."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.rig.config.calibration.of_instruments import refuse_other_instruments
from hil.rig.config.rig_file import RigFile
from hil.rig.rig import Rig
from hil.rig.safety.watchdog_client import WatchdogClient
from hil.rig.virtual.bench import open_bench
from hil.rig.virtual.lockstep_tuning import tuned_lockstep
from hil.rig.virtual.process import VirtualBenchProcess

if TYPE_CHECKING:
    from hil.chain.node.base import Node


@contextlib.contextmanager
def open_rig(
    file: RigFile,
    node: Node,
    seed: int,
    *,
    report: Path | None = None,
    locks: Path | None = None,
    errors: int | None = None,
    number: int = 1,
    of: int = 1,
) -> Iterator[Rig]:
    """Open the bench of ``file`` with a node that was started; the bench is safe before and after.

    The watchdog watches from before the first relay moves until after the last; ``report``, ``locks`` and
    ``errors`` are where it tells what it did (:class:`hil.rig.safety.watchdog_client.WatchdogClient`). It may be bench
    ``number`` ``of`` several that run at the same time.

    Raises RigFault if a part of it does not answer, the bench cannot be made safe, or a certificate is of another
    instrument; ConfigurationError if labgrid cannot read the file.
    """
    bench = None
    with contextlib.ExitStack() as stack:
        if file.virtual:
            bench = open_bench(file)
            stack.callback(bench.close)
            if isinstance(bench, VirtualBenchProcess) and not file.real_time:
                stack.enter_context(tuned_lockstep(bench, number, of))
        address, lifeline = (bench.address, bench.lifeline) if bench is not None else ("", None)
        watchdog = WatchdogClient(file, address=address, lifeline=lifeline, report=report, locks=locks, errors=errors)
        stack.callback(watchdog.end)
        rig = Rig(file, node, seed, bench, watchdog)
        rig.locks = locks
        stack.callback(rig.close)
        refuse_other_instruments(file.certificates, {"meter": rig.meter.identity, "load": rig.load.identity})
        watchdog.wait_until_ready()
        stack.callback(rig.make_safe)
        safe = rig.make_safe()
        if not safe.reached:
            raise RigFault(safe.problem, place="safe state", remedy="Look at the bench before anything else.")
        yield rig

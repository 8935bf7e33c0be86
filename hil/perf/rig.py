"""Figures of the rig: what a reading costs, whether sampling keeps up, whether bounds hold; part of ``make perf``."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from hil.perf.bounds.at_limits import shares_at_limits
from hil.perf.bounds.measurements import measurements, shares
from hil.perf.bounds.meter_errors import SHAPED, SHAPED_EXTREMES, TRANSFORMED
from hil.perf.bounds.realtime import WallSite, edges
from hil.perf.query_time import measure_reading
from hil.rig.virtual.process import VirtualBenchProcess

SAMPLING_S = 20.0
"""How long sampling is watched; 200 updates of the meter."""


def measure(root: Path) -> Mapping[str, Any]:
    """Take all of them, some six minutes; ``root`` is the project's folder."""
    rigs = root / "rigs"
    return {
        "meter_read_ratio": meter_read_ratio(),
        "sampling_held": sampling_held(rigs / "realtime.yaml"),
        "bounds_inside": shares(measurements(rigs)),
        "bounds_inside_at_limits": shares_at_limits(rigs),
        "bounds_inside_at_power_factors": shares(measurements(rigs, errors=SHAPED)),
        "bounds_inside_at_power_factors_and_limits": shares_at_limits(rigs, extremes=SHAPED_EXTREMES),
        "bounds_inside_behind_transformers": shares_at_limits(rigs, extremes=TRANSFORMED),
        "bounds_inside_wall_clock": shares(edges(rigs / "realtime.yaml")),
    }


def meter_read_ratio() -> Mapping[str, float]:
    """Return by how much ``meter.read()`` takes longer than a bare pyvisa query, for each dialect and line."""
    ratios = {}
    for dialect in ("hmc8015", "wt310e"):
        bench = VirtualBenchProcess(instruments={"meter": dialect})
        try:
            bench.reset(seed="reading", plant={}, devices={}, node=None, clock="wall")
            ratios[dialect] = measure_reading(f"TCPIP::{bench.address}::{bench.ports['meter']}::SOCKET")
            if "meter" in bench.terminals:
                ratios[f"{dialect} on RS-232"] = measure_reading(f"ASRL{bench.terminals['meter']}::INSTR")
        finally:
            bench.close()
    return {name: round(ratio, 3) for name, ratio in ratios.items()}


def sampling_held(rig: Path) -> Mapping[str, float]:
    """Return readings, and different updates seen, as shares of the meter's updates, while power flows.

    The rig's loop has other things to do meanwhile. Energy grows with each update, so it tells them apart.
    """
    with WallSite(rig) as site:
        site.relays["K1"].set(closed=True)
        site.clock.sleep(1.0)
        begun = len(site.log.events)
        site.clock.sleep(SAMPLING_S)
        events = site.log.events[begun:]
        updates = (events[-1].t - events[0].t) / float(site.meter.update_period)
        energies = {event.data["energy_Wh"] for event in events}
        gaps = [later.t - event.t for event, later in pairwise(events)]
    return {
        "readings": round((len(events) - 1) / updates, 4),
        "updates_seen": round((len(energies) - 1) / updates, 4),
        "median_gap_s": round(statistics.median(gaps), 4),
        "longest_gap_s": round(max(gaps), 4),
    }

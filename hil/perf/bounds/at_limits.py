"""Whether stated bounds hold with a meter that uses up its data sheet: gain and offset at either end, fast and slow.

The sessions are those of :mod:`hil.perf.bounds.measurements`; here the meter's errors are not drawn but set, for each
meter and each update period that it may have.

    python -m hil.perf.bounds.at_limits
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from hil.perf.bounds.measurements import RIGS, Check, measurements, shares
from hil.perf.bounds.meter_errors import EXTREMES, MeterErrors
from hil.rig.config.project import find_project

SESSIONS = 90
"""For each meter with each of ``EXTREMES``: more than 10 000 measurements in all."""

SHOWN = 10
"""Measurements outside their bounds that are shown."""

Job = tuple[Path, str, MeterErrors, int, int]


def _measure(job: Job) -> tuple[str, float, list[Check]]:
    rigs, name, errors, sessions, seed = job
    return name, errors.period, list(measurements(rigs, sessions=sessions, seed=seed, errors=errors, names=[name]))


def shares_at_limits(
    rigs: Path,
    *,
    sessions: int = SESSIONS,
    seed: int = 1,
    processes: int = 2,
    extremes: Sequence[MeterErrors] = EXTREMES,
) -> dict[str, dict[str, float]]:
    """Return for each rig file and update period what :func:`hil.perf.bounds.measurements.shares` tells.

    :param sessions: with each of ``extremes`` on each rig.
    """
    jobs: list[Job] = [(rigs, name, errors, sessions, seed) for name in RIGS for errors in extremes]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return tally(pool.imap(_measure, jobs))


def tally(measured: Iterable[tuple[str, float, list[Check]]]) -> dict[str, dict[str, float]]:
    """Return the shares by rig file and update period in s; tell on stderr what lies outside its bounds."""
    found: dict[str, list[Check]] = {}
    for name, period, checks in measured:
        found.setdefault(f"{Path(name).stem} at {period * 1000:g} ms", []).extend(checks)
        for check in [each for each in checks if not each.inside][:SHOWN]:
            sys.stderr.write(f"  outside, {name} at {period:g} s: {check}\n")
    return {name: shares(checks) for name, checks in found.items()}


if __name__ == "__main__":
    for where, share in shares_at_limits(find_project(Path.cwd()).rigs).items():
        sys.stdout.write(f"{where:28} {share}\n")

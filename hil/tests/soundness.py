"""The judge on observer: many truths are drawn, and no verdict may contradict one. ``make soundness`` draws 100 000.

    python -m hil.tests.soundness --draws 100000 --seed 7 --processes 2

Prints the seed, how many truths of each kind were drawn, and the first counterexamples of each, made as simple as
they can be. Ends with 1 if there is one.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import random
import secrets
import sys
from collections import Counter
from collections.abc import Sequence

from hil.clock import stopwatch
from hil.tests.scenario.oracle import Parameters
from hil.tests.scenario.oracle_kinds import KINDS

BATCH = 250
"""Draws that a process makes at once."""

GARBAGE = 50_000
"""Objects between two collections: a draw leaves some hundreds in cycles, and everything imported stays anyway."""

SHOWN = 3
"""Counterexamples of each kind that are shown."""

Found = tuple[str, str, Parameters]


def judge(batch: tuple[str, int, int]) -> tuple[Counter[str], list[Found]]:
    """Judge the draws from one number up to another; return how many there were of each kind, and what is wrong."""
    seed, first, last = batch
    drawn: Counter[str] = Counter()
    found: list[Found] = []
    for number in range(first, last):
        kind = KINDS[number % len(KINDS)]
        parameters = kind.draw(random.Random(f"{seed}/{number}"))  # noqa: S311 - draws, not secrets
        drawn[kind.name] += 1
        if complaint := kind.complaint(parameters):
            found.append((kind.name, f"draw {number}: {complaint}", parameters))
    return drawn, found


def _collect_seldom() -> None:
    """Spend a process's time on draws: by default a sixth of it would go into looking for garbage."""
    gc.freeze()
    gc.set_threshold(GARBAGE)


def report(drawn: Counter[str], found: Sequence[Found]) -> None:
    """Print how many draws of each kind there were, and its first counterexamples, made simple."""
    wrong = Counter(name for name, _, _ in found)
    for name, count in drawn.items():
        sys.stdout.write(f"{name:32} {count:7} draws, {wrong[name]} counterexamples\n")
    for kind in KINDS:
        for _, complaint, parameters in [each for each in found if each[0] == kind.name][:SHOWN]:
            simple = kind.simplified(parameters)
            sys.stdout.write(f"\n{kind.name}, {complaint}\n  at its simplest: {simple}\n  {kind.complaint(simple)}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, judge and report."""
    parser = argparse.ArgumentParser(prog="python -m hil.tests.soundness", description=__doc__)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--seed", default=str(secrets.randbelow(1 << 31)))
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    took = stopwatch()
    batches = [(options.seed, first, min(first + BATCH, options.draws)) for first in range(0, options.draws, BATCH)]
    drawn: Counter[str] = Counter()
    found: list[Found] = []
    with multiprocessing.get_context("spawn").Pool(options.processes, _collect_seldom) as pool:
        for counts, complaints in pool.imap_unordered(judge, batches):
            drawn += counts
            found += complaints
    report(drawn, found)
    sys.stdout.write(f"seed {options.seed}: {sum(drawn.values())} draws in {took():.0f} s, {len(found)} wrong\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

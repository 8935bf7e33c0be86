"""A good device, many times: none of its runs may fail, and none be inconclusive that was not announced at the desk.

Each run has a seed of its own, which also draws the errors of the instruments inside their data sheets::

    python -m hil.tests.acceptance.good_devices --runs 1000 --seed 7

Ends with 1 if a run was anything else.
"""

from __future__ import annotations

import argparse
import math
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from hil.bdd.check import rig_problems
from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.naming import cases
from hil.bdd.language.reader import read_paths
from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import RunRecord, ScenarioRecord
from hil.rig.config.project import find_project
from hil.rig.config.rig_file import RigFile

RIGS = ("rigs/virtual.yaml", "rigs/virtual-wt310e.yaml")
"""One for each power meter."""

FEATURES = tuple(f"features/{name}.feature" for name in ("toast", "boot", "timing", "hand-over", "terms"))
"""Those that the reference devices are to pass."""

WITHOUT_LONG = ("-m", "not long")

Place = tuple[str, int]
"""Feature file and line of a scenario, or of its row of Examples."""


def announced(rig: Path, features: Sequence[str]) -> dict[Place, bool]:
    """Return for each scenario that a rig offers whether it is announced that the rig cannot or might not decide it."""
    catalogue, file = load_catalogue(), RigFile.load(rig)
    found: dict[Place, bool] = {}
    for document in read_paths(features):
        for case in cases(document):
            rules = {each.rule for each in rig_problems.problems(document, case, catalogue, file)}
            if "long" not in case.tags:
                found[document.file, case.line] = bool(rules & {"doubtful", "undecidable"})
    return found


def surprises(records: Iterable[ScenarioRecord], expected: dict[Place, bool]) -> tuple[Counter[str], list[str]]:
    """Return how many runs ended how, and those that say something about a good device or were not announced."""
    ended: Counter[str] = Counter()
    found = []
    for record in records:
        start = next(record.of(Kind.START)).data
        place = str(start["feature"]), int(str(start["line"]))
        verdict = record.verdict
        was_announced = verdict is Verdict.INCONCLUSIVE and expected.get(place, False)
        ended[f"{verdict}, announced" if was_announced else verdict.value] += 1
        if verdict is Verdict.PASS or was_announced:
            continue
        bad = [each.data["text"] for each in record.of(Kind.VERDICT) if each.data["verdict"] != Verdict.PASS.value]
        found.append(f"{place[0]}:{place[1]}: {record.name}: {verdict}: {'; '.join(map(str, bad))}")
    return ended, found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them on each rig, and report."""
    parser = argparse.ArgumentParser(prog="python -m hil.tests.acceptance.good_devices", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="of all rigs together, at least")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    options = parser.parse_args(arguments)
    root, wrong = find_project(Path.cwd()).root, 0
    for name in RIGS:
        expected = announced(root / name, FEATURES)
        times = str(math.ceil(options.runs / len(RIGS) / len(expected)))
        # what it tells while it runs is of no interest: the evidence says it all
        command = [
            sys.executable,
            "-m",
            "hil.cli.main",
            "run",
            *FEATURES,
            *WITHOUT_LONG,
            "--rig",
            name,
            "--repeat",
            times,
        ]
        subprocess.run([*command, "--seed", str(options.seed)], cwd=root, stdout=subprocess.DEVNULL, check=False)
        record = RunRecord.load((root / "reports/runs/latest").resolve())
        ended, found = surprises(record.scenarios, expected)
        if record.document["seed"] != str(options.seed):
            found.append("the run did not begin; run it by hand: " + " ".join(command[1:]))
        counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(ended.items()))
        many = sum(expected.values())
        sys.stdout.write(f"{name}, seed {options.seed}: {counts}; {many} of {len(expected)} scenarios announced\n")
        sys.stdout.writelines(f"  {each}\n" for each in found)
        wrong += len(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

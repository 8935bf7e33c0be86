"""``python -m hil.tests.fleet.campaign --rounds 100 --seed 7``: parts of a virtual fleet are killed at random.

Each round is one ``hil run --place`` on a fleet of real programs. At a random moment a worker, the run, an exporter,
the coordinator or a bench is killed, or told to end, or the network to one rig is cut. In every case no scenario may be
lost or counted twice, every place must be free and safe afterwards, and what is blamed must be what was struck.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hil.clock import stopwatch
from hil.errors import DeadlineExceeded, ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.evidence.repeated import repeated
from hil.tests.acceptance.commands import Finished, Running, poll
from hil.tests.fleet.network import rig_network
from hil.tests.fleet.struck_fleet import StruckFleet, struck_fleet

SCENARIOS = 6

FEATURE = """\
Feature: Short sessions
  Scenario Outline: A session that goes on for <seconds> s
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And the first payment has been accepted
    And <seconds> s have passed
    Then 1 payment of 0.1 mBTC was accepted

    Examples:
      | seconds |
      | 0.5     |
      | 1       |
      | 1.5     |
      | 2       |
      | 2.5     |
      | 3       |
"""

LATEST_S = 5.0
"""The latest moment of a deed after the start of the run, or of a scenario: about as long as one takes."""

AWAY_S = 2.0
"""For so long a program is gone before it is started again."""

LONGEST_CUT_S = 5.0

RUN_S = 300.0

CUT, CUT_FOR_GOOD = "network cut", "network cut for good"
"""The first lasts up to ``LONGEST_CUT_S``, the second until the run is over and was looked at."""

DEEDS = (
    "worker killed",
    "worker told to end",
    "run killed",
    "run told to end",
    "exporter",
    "coordinator",
    "bench",
    CUT,
    CUT_FOR_GOOD,
)

ENDED_BY_HAND = frozenset({"run killed", "run told to end", "worker told to end"})
"""After these the run need not come to its end."""


@dataclass(frozen=True)
class Round:
    """What was done to a run, and what was wrong with what came of it."""

    deed: str
    struck: str
    begun: int
    when_s: float
    code: int
    verdicts: str
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        judged = "; ".join(self.wrong) or "good"
        when = f"after {self.begun} scenarios and {self.when_s:.1f} s"
        return f"{self.deed} {self.struck} {when}: code {self.code}, {self.verdicts}: {judged}"


def one_round(fleet: StruckFleet, deed: str, begun: int, when_s: float, chosen: random.Random) -> Round:
    """Run once, do the deed so many seconds after so many scenarios have begun, and look at what came of it."""
    (fleet.project.folder / "short.feature").write_text(FEATURE, encoding="utf-8")
    words = ("--place", "rig=*", "--benches", str(len(fleet.fleet.benches)), "--place-wait", "4 min")
    before = _begun(fleet)
    run = fleet.project.start("run", *words, "short.feature")
    poll(lambda: _begun(fleet) - before >= begun or run.process.poll() is not None, "the scenarios to begin")
    elapsed = stopwatch()
    poll(lambda: elapsed() >= when_s or run.process.poll() is not None, "the moment")
    struck = _strike(fleet, run, deed, chosen) if run.process.poll() is None else ""
    done = elapsed()
    away = chosen.uniform(0.5, LONGEST_CUT_S) if deed == CUT else AWAY_S
    poll(lambda: elapsed() >= done + away, "a while without it")
    if deed != CUT_FOR_GOOD:
        fleet.repair()
    finished = run.finish(RUN_S)
    if deed == "coordinator" and "it does not answer" in finished.said and "no tests ran" in finished.said:
        return Round(deed, struck, begun, when_s, finished.code, "the run was refused, and the coordinator blamed", ())
    wrong = [*_blamed(fleet, finished, deed, struck), *_counted(finished, deed, struck)]
    with contextlib.suppress(DeadlineExceeded):  # the workers of a run that was killed end by themselves
        poll(lambda: not fleet.held(), "every place to be free", timeout=60.0)
    wrong += [f"{name} is still held by {owner}" for name, owner in fleet.held().items()]
    wrong += [f"not safe: {each}" for each in fleet.closed_relays()]
    if deed not in ("run killed", "worker killed"):  # theirs expire after 60 s
        wrong += [f"still reserved by {each.owner}" for each in fleet.client.reservations()]
    fleet.repair()
    fleet.mend()
    counted = Counter(str(each.verdict) for each in finished.record.scenarios)
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in counted.items())
    return Round(deed, struck, begun, when_s, finished.code, verdicts, tuple(wrong))


def _begun(fleet: StruckFleet) -> int:
    """Return how many scenarios have begun in all runs so far."""
    return len(list((fleet.project.folder / "reports/runs").glob("2*/scenarios/*")))


def _strike(fleet: StruckFleet, run: Running, deed: str, chosen: random.Random) -> str:
    """Do the deed; return to what, empty if there was nothing that it could be done to."""
    number = signal.SIGTERM if deed.endswith("told to end") else signal.SIGKILL
    if deed.startswith(("run", "worker")):
        found = [run.process.pid] if deed.startswith("run") else workers_of(run)
        if not found:
            return ""
        pid = chosen.choice(found)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return str(pid)
    if deed in (CUT, CUT_FOR_GOOD):
        fleet.cut()
        return fleet.far
    name = "coordinator" if deed == "coordinator" else f"{deed} {chosen.choice(sorted(fleet.fleet.benches))}"
    fleet.kill(name)
    return name


def workers_of(run: Running) -> list[int]:
    """Return the processes that a run has forked for its benches."""
    process = Path("/proc") / str(run.process.pid)
    own, found = (process / "cmdline").read_bytes(), []
    for task in (process / "task").glob("*/children"):
        for pid in task.read_text().split():
            with contextlib.suppress(OSError):
                if (Path("/proc") / pid / "cmdline").read_bytes() == own:
                    found.append(int(pid))
    return sorted(found)


def _counted(finished: Finished, deed: str, struck: str) -> Iterator[str]:
    """Yield what was lost or counted twice: each scenario has one attempt that counts, and none without its end."""
    if not (finished.project / "reports/runs/latest").exists():
        if not struck:
            yield "no run folder"
        return
    record = finished.record
    again = repeated(record.document)
    names = Counter(
        str(event.data["name"])
        for number, scenario in enumerate(record.scenarios, 1)
        for event in scenario.of(Kind.START)
        if number not in again
    )
    twice = [name for name, times in names.items() if times > 1]
    if twice:
        yield f"counted twice: {twice}"
    if deed == "run killed" and struck:
        return
    if len(names) != SCENARIOS:
        yield f"lost: {SCENARIOS - len(names)} of {SCENARIOS} scenarios"
    open_ended = [
        scenario.name
        for number, scenario in enumerate(record.scenarios, 1)
        if number not in again and next(scenario.of(Kind.STOP), None) is None
    ]
    if open_ended:
        yield f"without an end: {open_ended}"
    if record.altered_files():
        yield f"altered: {record.altered_files()}"


def _blamed(fleet: StruckFleet, finished: Finished, deed: str, struck: str) -> Iterator[str]:
    """Yield what was blamed wrongly."""
    out = fleet.out_of_service()
    may_be_out = struck.removeprefix("bench ") if deed in ("bench", CUT, CUT_FOR_GOOD) else ""
    wrong = [name for name in out if name != may_be_out]
    yield from (f"{name} was taken out of service: {out[name]}" for name in wrong)
    if deed in ENDED_BY_HAND and struck:
        return
    if finished.code != ExitCode.PASS:
        yield f"the run did not pass (code {finished.code})"
    reasons = [each.why for each in repeated(finished.document).values()] if finished.code == ExitCode.PASS else []
    for why in reasons:
        if deed == CUT_FOR_GOOD and "its network is cut" not in why:
            yield f"a scenario ran again for another reason: {why}"
        if deed in ("bench", CUT, CUT_FOR_GOOD):
            continue
        if deed != "worker killed":
            yield f"a scenario ran again although no rig and no worker was struck: {why}"
        elif "SIGKILL" not in why:
            yield f"a scenario ran again for another reason: {why}"
    failed = [each.name for each in finished.record.scenarios if each.verdict is Verdict.FAIL]
    if failed:
        yield f"the device was blamed: {failed}"


def main() -> int:
    """Run the campaign; return 1 if anything was wrong in any round."""
    parser = argparse.ArgumentParser(prog="python -m hil.tests.fleet.campaign", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rigs", type=int, default=3)
    parser.add_argument("--deed", choices=DEEDS, help="only this")
    options = parser.parse_args()
    chosen, bad = random.Random(options.seed), 0  # noqa: S311 - a repeatable campaign, no secret
    deeds = [options.deed] if options.deed else list(DEEDS)
    if without := rig_network.why_not():
        sys.stdout.write(f"no network is cut on this machine: {without}\n")
        deeds = [deed for deed in deeds if deed not in (CUT, CUT_FOR_GOOD)]
    else:
        rig_network.enter()
    with (
        tempfile.TemporaryDirectory() as folder,
        struck_fleet(Path(folder) / "laboratory", options.rigs, network=not without) as fleet,
    ):
        for number in range(1, options.rounds + 1) if deeds else ():
            deed, took = chosen.choice(deeds), stopwatch()
            found = one_round(fleet, deed, chosen.randint(0, SCENARIOS), chosen.uniform(0.0, LATEST_S), chosen)
            bad += bool(found.wrong)
            sys.stdout.write(f"{number:4d}  {found} ({took():.0f} s)\n")
            sys.stdout.flush()
            if found.wrong:
                sys.stdout.write((fleet.project.folder / "said.txt").read_text(errors="replace")[-6000:] + "\n")
    sys.stdout.write(f"{options.rounds} rounds, {bad} of them wrong\n")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())

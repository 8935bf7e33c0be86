"""``make perf``: figures about the framework itself, printed and written to ``reports/perf.json``.

Medians of several tries in one run, since the machine is shared and noisy; compare ratios, not machines. Nothing here
passes or fails.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from hil.errors import ConfigurationError
from hil.evidence.documents import Kind
from hil.evidence.record import RunRecord, ScenarioRecord
from hil.fuzz.sessions import campaign
from hil.perf import evidence as perf_evidence
from hil.perf import fleet, live_page, soak, start_up
from hil.perf import language as perf_language
from hil.perf import ledger as perf_ledger
from hil.perf import node as perf_node
from hil.perf import report as perf_report
from hil.perf import rig as perf_rig
from hil.perf.query_time import measure_query
from hil.perf.safe_state import kills
from hil.rig.config.project import find_project
from hil.rig.virtual.process import VirtualBenchProcess

TARGET = Path("reports/perf.json")
TRIES = 9
TOAST = "features/toast.feature::One slice, sold by the socket in <mode> mode[single-fee-1]"
SUITE_TIMEOUT_S = 1800
CHAIN_SESSIONS = 500


def main() -> int:
    """Measure everything, print a table, write the file; returns the exit code."""
    root = find_project(Path.cwd()).root
    figures: dict[str, Any] = {}
    steps: list[tuple[str, Callable[[], Mapping[str, Any]]]] = [
        ("start-up", lambda: start_up.measure(root)),
        ("toast", lambda: _toast(root)),
        ("suite", lambda: _suite(root)),
        ("node", perf_node.measure),
        ("session node", _session_node),
        ("queries", _queries),
        ("pair sessions", _pair_sessions),
        ("chain sessions", _chain_sessions),
        ("ledger views", _ledger_views),
        ("language", perf_language.measure),
        ("evidence", perf_evidence.measure),
        ("report of 5000 scenarios", perf_report.measure),
        ("readings, sampling and bounds", lambda: perf_rig.measure(root)),
        ("live page", live_page.measure),
        ("a fleet of eight rigs", fleet.measure),
        ("200 kills", lambda: _kills(root)),
    ]
    for name, measure in steps:
        print(f"measuring {name} ...", file=sys.stderr)
        figures |= measure()
    for key, value in figures.items():
        print(f"{key:24} {json.dumps(value)}")
    (root / TARGET).write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def _toast(root: Path) -> Mapping[str, Any]:
    """The reference scenario, from its first event to its last, real bitcoind and evidence included."""
    walls, virtual = [], 0.0
    for _ in range(TRIES):
        record = _run(root, TOAST)
        scenario = record.scenarios[0]
        began, ended = _began_and_ended(scenario)
        walls.append((ended - began).total_seconds())
        virtual = scenario.events[-1].t
    wall = statistics.median(walls)
    return {
        "toast_virtual_s": round(virtual, 3),
        "toast_wall_s": round(wall, 4),
        "toast_realtime_factor": round(virtual / wall),
    }


def _suite(root: Path) -> Mapping[str, Any]:
    """The core of the suite, all of it but its long scenarios, and these: one run each.

    ``wall`` is from the first scenario's first event to the last one's last, so without the set-up of the run, ``run``
    with that. Memory is that of the largest test process.
    """
    figures: dict[str, Any] = {}
    for name, tags in (("core", "core"), ("suite", "not long"), ("long", "long")):
        record = _run(root, "features", "-m", tags)
        host = record.document["host"]
        virtual = sum(scenario.events[-1].t for scenario in record.scenarios)
        began, ended = zip(*map(_began_and_ended, record.scenarios), strict=True)
        wall = (max(ended) - min(began)).total_seconds()
        figures |= {
            f"{name}_wall_s": round(wall, 2),
            f"{name}_run_s": host["wall_s"],
            f"{name}_scenarios": len(record.scenarios),
            f"{name}_virtual_s": round(virtual, 1),
            f"{name}_realtime_factor": round(virtual / wall),
            f"{name}_test_process_mb": host["max_rss_mb"],
        }
    return figures


def _session_node() -> Mapping[str, Any]:
    """500 scenarios in random order on one native node: cost of isolation, growth; null without a bitcoind."""
    try:
        return {"session_node_500": vars(soak.measure())}
    except ConfigurationError as error:
        print(f"  native: {error}", file=sys.stderr)
        return {"session_node_500": None}


def _queries() -> Mapping[str, Any]:
    """One query to the virtual meter through our transport, and by a bare socket."""
    bench = VirtualBenchProcess()
    try:
        found = measure_query(f"TCPIP::{bench.address}::{bench.ports['meter']}::SOCKET")
    finally:
        bench.close()
    return {key: round(value, 1) for key, value in found.items()}


def _pair_sessions() -> Mapping[str, Any]:
    """Adversarial sessions of both devices, each rule held after each event, on two processors without a chain."""
    done = campaign.in_memory(campaign.SESSIONS)
    return {"pair_sessions_per_s": round(done.per_second, 1), "pair_sessions": done.plans}


def _chain_sessions() -> Mapping[str, Any]:
    """The same with a native node of their own: real coins, judgement, broadcasts; null without a bitcoind."""
    try:
        done = campaign.on_chain(CHAIN_SESSIONS)
    except ConfigurationError as error:
        print(f"  native: {error}", file=sys.stderr)
        return {"chain_sessions_per_s": None, "chain_sessions": 0}
    return {"chain_sessions_per_s": round(done.per_second, 1), "chain_sessions": done.plans}


def _ledger_views() -> Mapping[str, Any]:
    """What each view of the ledger costs a device; null without a native bitcoind or an Electrum server."""
    try:
        return perf_ledger.measure()
    except ConfigurationError as error:
        print(f"  ledger views: {error}", file=sys.stderr)
        return {"ledger_views": None}


def _kills(root: Path) -> Mapping[str, Any]:
    """SIGKILL at 200 random instants on the rig in real time: until the virtual plant is truly without power."""
    done = [kill.ms for kill in kills(root / "rigs/realtime.yaml")]
    return {"safe_state_ms": {"median": round(statistics.median(done), 1), "worst": round(max(done), 1)}}


def _run(root: Path, *what: str) -> RunRecord:
    with tempfile.TemporaryFile("w+") as output:
        code = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *what, "--seed", "1"],
            cwd=root,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=SUITE_TIMEOUT_S,
            check=False,
            env=os.environ,
        ).returncode
        if code != 0:
            output.seek(0)
            raise SystemExit(
                f"{' '.join(what)} ended with code {code}; figures would mean nothing\n{output.read()[-3000:]}"
            )
    return RunRecord.load((root / "reports/runs/latest").resolve())


def _began_and_ended(scenario: ScenarioRecord) -> tuple[datetime, datetime]:
    start, stop = next(scenario.of(Kind.START)), next(scenario.of(Kind.STOP))
    if start.host is None or stop.host is None:
        raise SystemExit(f"{scenario.name} does not tell its wall time")
    return datetime.fromisoformat(str(start.host["wall"])), datetime.fromisoformat(str(stop.host["wall"]))


if __name__ == "__main__":
    sys.exit(main())

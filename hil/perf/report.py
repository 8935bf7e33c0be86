"""``python -m hil.perf.report``: what a report costs of a run that is made up, and what a browser makes of it."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hil.clock import stopwatch
from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.store import RunWriter

if TYPE_CHECKING:
    from collections.abc import Mapping

SCENARIOS: Final = 5000
SAMPLES: Final = 4000
"""Readings of each scenario, at 10 Hz."""

_TIMEOUT_S: Final = 1800.0

_WRITE: Final = """
import json, resource, sys
from pathlib import Path
from hil.report.all_reports import write_reports
write_reports(Path(sys.argv[1]))
mine, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
cpu = mine.ru_utime + mine.ru_stime + others.ru_utime + others.ru_stime
print(json.dumps([mine.ru_maxrss, others.ru_maxrss, cpu]))
"""

_SEARCH: Final = """
async () => {
  const text = document.querySelector("#filter [name=text]"), found = document.getElementById("found");
  const search = async (words) => {
    const before = performance.now(), old = found.textContent;
    text.value = words;
    text.dispatchEvent(new Event("input", { bubbles: true }));
    while (found.textContent === old) await new Promise(requestAnimationFrame);
    return performance.now() - before;
  };
  return [await search("no scenario has these words"), await search(".feature")];
}
"""


def measure(folder: Path | None = None, scenarios: int = SCENARIOS, samples: int = SAMPLES) -> Mapping[str, Any]:
    """Return ``report``: figures of writing the reports of a run, and of the page in headless Chromium if there is one.

    Memory in MB: ``process_mb`` of the writing process, ``helper_mb`` of the largest process that helps it, ``page_mb``
    of Chromium's process for the page, and ``browser_mb`` of all its processes, shared pages counted once.

    :param folder: of a run that is there; None: one with so many ``scenarios`` and ``samples`` is made.
    """
    with tempfile.TemporaryDirectory(prefix="hil-perf-report-") as temporary:
        run = Path(temporary) / "run"
        if folder is None:
            made_run(run, scenarios, samples)
        else:
            shutil.copytree(folder, run)
        elapsed = stopwatch()
        command = [sys.executable, "-c", _WRITE, str(run)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
        wall = elapsed()
        process, helper, cpu = json.loads(done.stdout)
        page = run / "report.html"
        figures = {
            "wall_s": round(wall, 2),
            "cpu_s": round(cpu, 2),
            "process_mb": round(process / 1024),
            "helper_mb": round(helper / 1024),
            "html_mb": round(page.stat().st_size / 1e6, 1),
        }
        return {"report": {**figures, **_browser(page)}}


def made_run(folder: Path, scenarios: int, samples: int) -> None:
    """Write a run of so many scenarios, all alike: one is written, the others are links to its file."""
    run = RunWriter.create(folder, {"id": "made-up", "rig": {"virtual": True}}, {})
    writer = run.scenario(1, "made up")
    start: dict[str, Json] = {
        "name": "A made-up scenario",
        "feature": "features/made-up.feature",
        "line": 1,
        "tags": ["made-up"],
    }
    writer.write(Event(Kind.START, 0.0, "bench", {**start, "setup": "pair", "seed": "1"}))
    for number in range(samples):
        noise = math.sin(number * 12.9898) * 43758.5453 % 3
        writer.write(Event(Kind.READING, number / 10, "meter", {"power_W": round(1300 + noise, 2)}, before=0.1))
    step: dict[str, Json] = {
        "keyword": "Then",
        "text": "the power holds",
        "line": 4,
        "outcome": "passed",
        "started": 0.0,
    }
    writer.write(Event(Kind.STEP, samples / 10, "bench", step))
    stop: dict[str, Json] = {"verdict": "pass", "safe_state": {"reached": True, "seconds": 0.1}}
    writer.write(Event(Kind.STOP, samples / 10, "bench", stop))
    run.scenario_done(writer)
    entry = run.entries[writer.path.name]
    for number in range(2, scenarios + 1):
        path = writer.path.with_name(writer.path.name.replace("0001", f"{number:04d}", 1))
        os.link(writer.path, path)
        run.entries[path.name] = replace(entry, file=entry.file.replace("0001", f"{number:04d}", 1))
    run.finish(Verdict.PASS)


def _browser(path: Path) -> dict[str, Any]:
    """Return how the page opens; empty without Chromium or without what drives it."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {}
    if chromium is None:
        return {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        elapsed = stopwatch()
        page.goto(path.as_uri(), timeout=_TIMEOUT_S * 1000)
        loaded = elapsed()
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint').map((each) => each.startTime)")
        told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
        memory = {process["id"]: _memory(process["id"]) for process in told["processInfo"]}
        pages = [process["id"] for process in told["processInfo"] if process["type"] == "renderer"]
        first, *later = page.evaluate(_SEARCH)
        elements = page.evaluate("document.querySelectorAll('*').length")
        browser.close()
    return {
        "first_paint_ms": round(min(paint)) if paint else None,
        "loaded_s": round(loaded, 2),
        "page_mb": round(max(memory[process] for process in pages)),
        "browser_mb": round(sum(memory.values())),
        "elements": elements,
        "first_search_ms": round(first),
        "search_ms": round(max(later)),
    }


def _memory(process: int) -> float:
    """Return the proportional set size of a process in MB."""
    told = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hil.perf.report", description=__doc__)
    parser.add_argument("run", nargs="?", type=Path, help="run folder (default: a run is made up)")
    parser.add_argument("--scenarios", type=int, default=SCENARIOS)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(measure(options.run, options.scenarios, options.samples), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

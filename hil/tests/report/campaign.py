"""Damaged and forged evidence, tried at large: ``python -m hil.tests.report.campaign``, a part of ``make fuzz``.

Each file of a run folder is cut off at every byte, and 1000 bytes at random are changed, one at a time. Whatever was
done, the run must render, the file must be named, and the run must not be what was recorded.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.run_folder.manifest import SIGNATURE_FILE
from hil.evidence.run_folder.signature import make_key, sign, signature_faults
from hil.evidence.store import RunWriter
from hil.report.all_reports import read_run, write_reports
from hil.report.evidence.verification import verified
from hil.report.html.page import render

CHANGES = 1000
MOST_CUTS = 4000
"""In one file; only ``report.html`` is longer, and it is no evidence."""
RENDER_EVERY = 20
"""One damaged folder in so many is rendered as well, which takes longest; each is read and judged."""


@dataclass(frozen=True)
class SignedRun:
    """A finished, reported and signed run folder, and the public key of its signer."""

    folder: Path
    key: Path

    @property
    def files(self) -> list[Path]:
        """All files of the folder."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


def make_run(root: Path) -> SignedRun:
    """Return a run of two scenarios that passed, with an attached file."""
    document: dict[str, Json] = {
        "id": "run",
        "seed": "7",
        "rig": {"name": "virtual", "virtual": True},
        "requirements": [{"id": "REQ-1", "text": "A text", "source": "SPEC"}],
    }
    run = RunWriter.create(root / "run", document, {"started": "2031-05-17T09:30:00Z"})
    for number in (1, 2):
        writer = run.scenario(number, f"slice {number}")
        start: dict[str, Json] = {
            "name": f"Slice {number}",
            "feature": "features/toast.feature",
            "line": 3,
            "seed": "7",
            "rig": "virtual",
        }
        writer.write(Event(Kind.START, 0.0, "bench", start, host={"wall": "09:30"}))
        for tick in range(40):
            writer.write(Event(Kind.READING, tick / 10, "meter", {"power_W": 1300.0 + tick, "voltage_V": 230.0}))
        writer.write(Event(Kind.STOP, 9.0, "bench", {"verdict": "pass", "safe_state": {"reached": True}}))
        run.scenario_done(writer)
    (run.folder / "photo.jpg").write_bytes(bytes(range(256)))
    run.finish(Verdict.PASS)
    write_reports(run.folder)
    public = make_key(root / "key.pem")
    sign(run.folder, root / "key.pem")
    return SignedRun(run.folder, public)


def broken_promise(run: SignedRun, path: Path, *, rendered: bool) -> str | None:
    """Return what is wrong with how a folder is judged of which this file was damaged; None if nothing is."""
    name = path.relative_to(run.folder).as_posix()
    statement = verified(run.folder)
    said = [*statement.sentences, *signature_faults(run.folder, run.key)]
    if statement.sound and name != SIGNATURE_FILE:
        return f"{name}: the run is called sound"
    if not any(name in sentence for sentence in said):
        return f"{name} is not named: {said}"
    view = read_run(run.folder)
    if view.integrity.altered and view.verdict is not Verdict.ALTERED:
        return f"{name}: the verdict is {view.verdict}"
    if rendered and "</html>" not in render(view):
        return f"{name}: the report has no end"
    return None


def cuts(run: SignedRun, every: int = 1, most: int = MOST_CUTS) -> Iterator[tuple[Path, int]]:
    """Yield each file with each length that it may be cut to; of a longer file no more than ``most`` lengths."""
    for path in run.files:
        size = path.stat().st_size
        yield from ((path, length) for length in range(0, size, max(every, every * size // most)))


def try_cuts(
    run: SignedRun, every: int = 1, most: int = MOST_CUTS, render_every: int = RENDER_EVERY
) -> tuple[int, list[str]]:
    """Cut off each file at each ``every`` th byte; return how many cuts there were, and which promises were broken."""
    broken, number = [], 0
    for number, (path, length) in enumerate(cuts(run, every, most), 1):
        whole = path.read_bytes()
        path.write_bytes(whole[:length])
        if flaw := broken_promise(run, path, rendered=number % render_every == 0):
            broken.append(f"cut to {length} bytes: {flaw}")
        path.write_bytes(whole)
    return number, broken


def try_changes(run: SignedRun, count: int, seed: int = 1, render_every: int = RENDER_EVERY) -> list[str]:
    """Change ``count`` bytes, one at a time, as often in each file; return which promises were broken."""
    broken, chance, files = [], random.Random(seed), run.files  # noqa: S311 - repeatable
    for number in range(count):
        path = files[number % len(files)]
        whole = path.read_bytes()
        position = chance.randrange(len(whole))
        changed = bytearray(whole)
        changed[position] ^= chance.randrange(1, 256)
        path.write_bytes(changed)
        if flaw := broken_promise(run, path, rendered=number % render_every == 0):
            broken.append(f"byte {position}: {flaw}")
        path.write_bytes(whole)
    return broken


def main() -> int:
    """Run the whole campaign and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        run = make_run(Path(folder))
        count, broken = try_cuts(run)
        broken += try_changes(run, CHANGES)
    told = f"evidence: {count} cuts, {CHANGES} changed bytes, {len(broken)} broken promises"
    sys.stdout.write("\n".join([*broken, told]) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

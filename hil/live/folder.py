"""What a run leaves in its folder for the live page while it runs: the list of its scenarios, and where each bench is.

None of it is evidence. The files lie in ``live/`` of the run folder, are replaced as a whole, and are removed before
the manifest is written. What cannot be written is not shown, and the run goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from hil.clock import utc_now
from hil.evidence.documents import Json
from hil.evidence.run_folder.files import PLAIN_SUFFIX, RUN_FILE, SCENARIO_SUFFIX, SCENARIOS
from hil.whole_file import write_whole

FOLDER = "live"
QUEUE_FILE = "queue.json"
REPORT_FILE = "report.html"
"""As :mod:`hil.report.html` names it, which takes long to load."""

_BENCH = "bench-"
_NUMBER = re.compile("[0-9]{1,9}")

LOST_AFTER_S = 2.0
"""Since the last change in the folder of a run whose process is gone and that was not finished: it is given up."""

LARGEST_FILE = 1 << 24
"""Bytes of a file that is read as a whole; the list of 10 000 scenarios has 2 MB."""


class Presence:
    """A lock on the run folder that lasts as long as a process of the run: the kernel gives it back, however that ends.

    On a file system without locks nothing is held, and the page tells only how old its news are.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def close(self) -> None:
        """Give it back; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_present(folder: Path) -> bool:
    """Tell whether a process of the run is there."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def run_state(folder: Path) -> str:
    """Return ``running``, ``ended`` or ``broken off``: its process is gone, and it was not finished."""
    if read_object(folder / RUN_FILE).get("finished") is True:
        return "ended"
    return "running" if is_present(folder) or news_age(folder) < LOST_AFTER_S else "broken off"


def news_age(folder: Path) -> float:
    """Return how many seconds ago a run last wrote into its folder."""
    newest = 0.0
    for path in (folder / RUN_FILE, folder / SCENARIOS, *(folder / FOLDER).glob("*.json")):
        with contextlib.suppress(OSError):
            newest = max(newest, path.stat().st_mtime)
    return max(0.0, utc_now().timestamp() - newest)


def write_live(folder: Path, name: str, document: Mapping[str, Json]) -> bool:
    """Write a file of ``live/`` anew, whole or not at all; tell whether the disk took it."""
    path = folder / FOLDER / name
    try:
        write_whole(path, orjson.dumps(document))
    except OSError:
        return False
    return True


def begin_live(folder: Path, queue: Mapping[str, Json]) -> bool:
    """Make ``live/`` with the list of the scenarios; tell whether the disk took it."""
    with contextlib.suppress(OSError):
        (folder / FOLDER).mkdir()
    return write_live(folder, QUEUE_FILE, queue)


def end_live(folder: Path) -> None:
    """Remove ``live/`` with all that is in it."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def bench_file(number: int) -> str:
    """Return the name of the file that tells where a bench is."""
    return f"{_BENCH}{number}.json"


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file that another process writes; an empty one if there is none."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            return {}
        document = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def read_queue(folder: Path) -> dict[str, Any]:
    """Return the list of the scenarios, as :func:`begin_live` has written it."""
    return read_object(folder / FOLDER / QUEUE_FILE)


def read_benches(folder: Path) -> dict[int, dict[str, Any]]:
    """Return by number what each bench tells of itself."""
    found: dict[int, dict[str, Any]] = {}
    for path in (folder / FOLDER).glob(f"{_BENCH}*.json"):
        number = path.stem.removeprefix(_BENCH)
        if _NUMBER.fullmatch(number) and (document := read_object(path)):
            found[int(number)] = document
    return found


def scenario_files(folder: Path, without: Container[int]) -> Iterator[tuple[int, Path, int]]:
    """Yield number, path and size of each scenario file, in their order, but for those with these numbers."""
    with contextlib.suppress(OSError):
        for entry in sorted(os.scandir(folder / SCENARIOS), key=lambda each: each.name):
            number = entry.name.partition("-")[0]
            if not _NUMBER.fullmatch(number) or not entry.name.endswith((PLAIN_SUFFIX, SCENARIO_SUFFIX)):
                continue
            if int(number) not in without:
                with contextlib.suppress(OSError):
                    yield int(number), Path(entry.path), entry.stat().st_size


def newest_run(runs: Path) -> Path | None:
    """Return the newest run folder; its name begins with the time of its start. None: there is none yet."""
    found = (path for path in runs.glob(f"*/{RUN_FILE}") if not path.parent.is_symlink())
    return max((path.parent for path in found), key=lambda path: path.name, default=None)

"""The sums of the reports in a run folder: a report that someone changed after it was written is noticed.

The manifest does not list reports, because they may be written again. Each time they are, their sums are renewed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from hil.evidence.run_folder.files import DERIVED_FILES, REPORT_SUMS_FILE, on_disk, read_file, replace_file
from hil.evidence.run_folder.manifest import seal_holds, sealed, sum_of


def write_sums(folder: Path) -> None:
    """Write the sums of all reports in the folder; raises RigFault if the disk does not take it."""
    with on_disk(folder):
        files = {name: sum_of(folder / name) for name in _reports(folder) if (folder / name).is_file()}
    replace_file(folder / REPORT_SUMS_FILE, sealed({"files": files}))


def report_faults(folder: Path) -> Iterator[str]:
    """Yield in sentences which reports are not as they were written."""
    try:
        content = read_file(folder / REPORT_SUMS_FILE)
        document = json.loads(content)
        sums = dict(document["files"])
        good = seal_holds(document, content)
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        sums, good = {}, False
    if not good:
        yield f"{REPORT_SUMS_FILE} is not as it was written: its own digest does not hold."
        return
    for name in _reports(folder):
        path = folder / name
        if name in sums and not path.is_file():
            yield f"{name} is gone. hil report writes it again."
        elif path.is_file() and sums.get(name) != sum_of(path):
            yield f"{name} is not as hil wrote it. hil report writes it again."


def _reports(folder: Path) -> list[str]:
    return sorted(DERIVED_FILES - {REPORT_SUMS_FILE})

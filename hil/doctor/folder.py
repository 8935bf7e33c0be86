"""The folder in which the command is called: the project, its files, where runs write, and what they left."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Final

from hil.chain.node.folders import cache_folder
from hil.doctor.finding import Probe, look_at, not_needed, ok, problem, warning
from hil.errors import ConfigurationError
from hil.evidence.store import MANIFEST_FILE, RUN_FILE
from hil.rig.config.project import project_root
from hil.rig.config.rig_file import RigFile
from hil.rig.safety.lock import LOCKS
from hil.scenario.run_folder import RUNS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.doctor.finding import Finding, Sight, Surroundings

LEAST_MB: Final = 200
"""Free disk: what the evidence and the report of one run of the whole suite take (measured: 194 MB)."""

AMPLE_MB: Final = 2000
"""Free disk for ten such runs."""

CACHE_MB: Final = 200
"""Free disk for the cache: a bitcoind unpacked from Debian packages takes 130 MB, its packages 40 MB."""


def look(around: Surroundings) -> list[Finding]:
    """Look at the folder; one that holds no project is looked at as far as it goes."""
    try:
        root = project_root(around.folder.resolve())
    except ConfigurationError:
        root = None
    looks: list[tuple[str, str, Callable[[Path], Sight]]] = [
        ("project", "project", lambda root: ok(str(root))),
        ("features", "feature files", feature_files),
        ("reports", "reports", lambda root: disk(root / RUNS, LEAST_MB, AMPLE_MB)),
        ("locks", "locked rigs", locks),
        ("runs", "last run", last_run),
    ]
    probes = [Probe(f"folder.{name}", title, partial(_if_there, root, sight)) for name, title, sight in looks]
    # 40 ms for each rig file: many may take longer than a probe has, which is no reason to fail
    rigs = Probe("folder.rigs", "rig files", partial(_if_there, root, rig_files), optional=True)
    return look_at(*probes, rigs, Probe("folder.cache", "cache", cache))


def rig_files(root: Path) -> Sight:
    """Read each rig file of the project."""
    files = sorted((root / "rigs").glob("*.yaml"))
    flaws = {file: flaw for file in files if (flaw := _first_flaw(file))}
    if flaws:
        return warning("; ".join(flaws.values()), f"hil check --rig {next(iter(flaws))} tells all mistakes.")
    return ok(f"{len(files)} can be read") if files else warning("none in rigs/", "Write one: docs/how-to.")


def feature_files(root: Path) -> Sight:
    """Read each feature file as text; its mistakes are for ``hil check``."""
    files = sorted((root / "features").rglob("*.feature"))
    for file in files:
        try:
            file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return problem(f"{file.relative_to(root)} cannot be read ({error})", "Mend its rights or its encoding.")
    return ok(f"{len(files)} can be read") if files else warning("none in features/", "hil new feature 'in words'")


def disk(folder: Path, least_mb: int, ample_mb: int) -> Sight:
    """Write a file of no name to ``folder``, or to the nearest folder above that exists, and look at what is free.

    :param least_mb: MiB below which it is a problem; ``ample_mb`` below which it is a warning.
    """
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free >> 20
    except OSError as error:
        remedy = "Give this user the right to write there, or let it be a folder on a disk that can be written to."
        return problem(f"{there} cannot be written to ({error.strerror})", remedy)
    seen = f"{there} can be written to, {free} MiB free"
    if free < least_mb:
        return problem(seen, f"Free {least_mb} MiB there: old runs, or docker image prune.")
    if free < ample_mb:
        return warning(seen, "Free disk space there: keep old runs elsewhere.")
    return ok(seen)


def cache() -> Sight:
    """Look at the folder for what can be made again."""
    return disk(cache_folder(), CACHE_MB, CACHE_MB)


def locks(root: Path) -> Sight:
    """Look for rigs that are locked until a person has looked at them."""
    found = sorted((root / LOCKS).glob("*.json"))
    if not found:
        return ok("none")
    stale = [path for path in found if not (root / "rigs" / f"{path.stem}.yaml").is_file()]
    if stale:
        names = ", ".join(str(path.relative_to(root)) for path in stale)
        return warning(f"{names}: the rig file is not in rigs/", "Look at that bench; then hil rig clear RIG, or rm.")
    names = ", ".join(f"rigs/{path.stem}.yaml" for path in found)
    return warning(names, f"Look at the bench, mend it, then: hil rig clear {names.partition(',')[0]}")


def last_run(root: Path) -> Sight:
    """Look whether the newest run has come to its end."""
    runs = sorted(path.parent for path in (root / RUNS).glob(f"*/{RUN_FILE}") if path.parent.name != "latest")
    if not runs:
        return ok("none yet")
    newest = runs[-1]
    if not (newest / MANIFEST_FILE).is_file():
        seen = f"{newest.name} has not ended: it is under way, or was cut off"
        return warning(seen, "If none is under way: hil rig safe RIG, and repeat the run. Its evidence has no end.")
    return ok(f"{newest.name} has ended")


def _if_there(root: Path | None, sight: Callable[[Path], Sight]) -> Sight:
    if root is None:
        return not_needed("no project here", "Change into a folder that has rigs/ and features/.")
    return sight(root)


def _first_flaw(file: Path) -> str:
    if not os.access(file, os.R_OK, effective_ids=True):
        return f"{file} cannot be read by this user"
    try:
        _, flaws = RigFile.read(file)
    except ConfigurationError as error:
        return str(error)
    return str(flaws[0]) if flaws else ""

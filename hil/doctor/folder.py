"""The folder in which the command is called: the laboratory, its files, where runs write, and what they left."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from hil.chain.node.folders import cache_folder
from hil.doctor.finding import Probe, look_at, not_needed, ok, problem, warning
from hil.errors import ConfigurationError
from hil.evidence.run_folder.files import MANIFEST_FILE, RUN_FILE
from hil.rig.config.held_place import PLACE_VARIABLE
from hil.rig.config.project import Project, look_for_project
from hil.rig.config.rig_file import RigFile
from hil.rig.safety.lock import LOCKS, Lock, all_locks
from hil.scenario.run_folder import LATEST, RUNS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.doctor.finding import Finding, Sight, Surroundings

LEAST_MB: Final = 60
"""Free disk: what the evidence and the report of one run of the whole suite take (measured: 40 MB)."""

AMPLE_MB: Final = 600
"""Free disk for ten such runs."""

CACHE_MB: Final = 200
"""Free disk for the cache: a bitcoind unpacked from Debian packages takes 130 MB, its packages 40 MB."""


def look(around: Surroundings) -> list[Finding]:
    """Look at the folder; one that holds no laboratory is looked at as far as it goes."""
    project, flaw = None, None
    try:
        project = look_for_project(around.folder.resolve())
    except ConfigurationError as error:
        flaw = problem(f"{error.place}: {error.what}" if error.place else error.what, error.remedy or "Mend that file.")
    looks: list[tuple[str, str, Callable[[Project], Sight]]] = [
        ("features", "feature files", feature_files),
        ("reports", "reports", lambda project: disk(project.root / RUNS, LEAST_MB, AMPLE_MB)),
        ("locks", "locked rigs", locks),
        ("runs", "last run", last_run),
    ]
    probes = [Probe(f"folder.{name}", title, partial(_if_there, project, sight)) for name, title, sight in looks]
    found = Probe("folder.project", "laboratory", lambda: flaw or _if_there(project, lambda it: ok(str(it.root))))
    # 40 ms for each rig file: many may take longer than a probe has, which is no reason to fail
    rigs = Probe("folder.rigs", "rig files", partial(_if_there, project, rig_files), optional=True)
    return look_at(found, *probes, rigs, Probe("folder.cache", "cache", cache))


def rig_files(project: Project) -> Sight:
    """Read each rig file of the laboratory."""
    files = sorted(project.rigs.glob("*.yaml"))
    flaws = {file: flaw for file in files if (flaw := _first_flaw(file))}
    if flaws:
        return warning("; ".join(flaws.values()), f"hil check --rig {next(iter(flaws))} tells all mistakes.")
    return (
        ok(f"{len(files)} can be read")
        if files
        else warning(f"none in {_shown(project, project.rigs)}/", "Copy one from a laboratory of hil init.")
    )


def feature_files(project: Project) -> Sight:
    """Read each feature file as text; its mistakes are for ``hil check``."""
    files = sorted(project.features.rglob("*.feature"))
    for file in files:
        try:
            file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return problem(f"{_shown(project, file)} cannot be read ({error})", "Mend its rights or its encoding.")
    return (
        ok(f"{len(files)} can be read")
        if files
        else warning(f"none in {_shown(project, project.features)}/", "hil new feature 'in words'")
    )


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


def locks(project: Project) -> Sight:
    """Look for rigs that are locked until a person has looked at them."""
    found = all_locks(project.root / LOCKS)
    if not found:
        return ok("none")
    stale = [path for path, lock in found if not _rig_file(project, path, lock).is_file()]
    if stale:
        names = ", ".join(_shown(project, path) for path in stale)
        where = _shown(project, project.rigs)
        return warning(
            f"{names}: the rig file is not in {where}/", "Look at that bench; then hil rig clear RIG, or rm."
        )
    names = ", ".join(_locked(project, path, lock) for path, lock in found)
    path, lock = found[0]
    rig = _rig_file(project, path, lock)
    named = "" if rig.stem == path.stem else f"{PLACE_VARIABLE}={shlex.quote(lock.rig)} "
    return warning(names, f"Look at the bench, mend it, then: {named}hil rig clear {_shown(project, rig)}")


def _rig_file(project: Project, path: Path, lock: Lock) -> Path:
    """Return the rig file of a locked bench; that of a labgrid place has another name than the lock."""
    of_place = unquote(path.stem) == lock.rig
    return project.rigs / (lock.file if of_place else f"{path.stem}.yaml")


def _locked(project: Project, path: Path, lock: Lock) -> str:
    rig = _rig_file(project, path, lock)
    return _shown(project, rig) if rig.stem == path.stem else f"{lock.rig} ({_shown(project, rig)})"


def last_run(project: Project) -> Sight:
    """Look whether the newest run has come to its end."""
    runs = sorted(path.parent for path in (project.root / RUNS).glob(f"*/{RUN_FILE}") if path.parent.name != LATEST)
    if not runs:
        return ok("none yet")
    newest = runs[-1]
    if not (newest / MANIFEST_FILE).is_file():
        seen = f"{newest.name} has not ended: it is under way, or was cut off"
        return warning(seen, "If none is under way: hil rig safe RIG, and repeat the run. Its evidence has no end.")
    return ok(f"{newest.name} has ended")


def _if_there(project: Project | None, sight: Callable[[Project], Sight]) -> Sight:
    if project is None:
        return not_needed("no laboratory here", "Change into one, or make one with hil init.")
    return sight(project)


def _shown(project: Project, path: Path) -> str:
    """Return a path as seen from the laboratory's root."""
    return os.path.relpath(path, project.root)


def _first_flaw(file: Path) -> str:
    if not os.access(file, os.R_OK, effective_ids=True):
        return f"{file} cannot be read by this user"
    try:
        _, flaws = RigFile.read(file)
    except ConfigurationError as error:
        return str(error)
    return str(flaws[0]) if flaws else ""

"""The run folder before and after the bench has been used: what every ``run.json`` says, and runs that never began."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import resource
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hil import __version__, yaml_file
from hil.clock import stopwatch, utc_now
from hil.errors import ConfigurationError
from hil.evidence import waivers
from hil.evidence.documents import Event, Json, Kind, Verdict, encode
from hil.evidence.run_folder.files import on_disk
from hil.evidence.run_folder.scenario_writer import ScenarioWriter
from hil.evidence.store import RunWriter

RUNS = Path("reports/runs")
LATEST = "latest"
"""Beside the run folders: a symbolic link to that of the newest run."""
ACCEPTANCE = Path("reports/acceptance.yaml")
DEFAULT_ACCEPTANCE = Path(__file__).parent / "acceptance.yaml"
"""What the report says of a laboratory without that file; :func:`_acceptance` adds that it has none."""
NO_ACCEPTANCE = f"This laboratory has no {ACCEPTANCE}. What is said of it here and the decision rule are defaults."

CALENDAR_STEP_S = 2.0
"""A calendar that is so far from where it should be after a run was set meanwhile; drift is a second in a day."""


@dataclass(frozen=True)
class ScenarioFacts:
    """What the START event says of a scenario.

    :param name: as the reader of a report knows it, placeholders filled in.
    :param label: the last part of its node id, unique in its feature; with the run's seed it decides the keys.
    """

    name: str
    label: str
    feature: str
    line: int
    tags: tuple[str, ...]
    rerun_command: str = ""
    """The command that runs it alone, as this run did."""
    rule: str = ""
    """The Gherkin rule that it illustrates, if it stands in one."""
    outline: str = ""
    """The name of the outline as it is written, of a row of its Examples."""
    row: Mapping[str, str] = field(default_factory=dict)
    """The values of that row, by column."""

    def host(self) -> dict[str, Json]:
        """Return what the START event says beside its data: how this machine runs it again."""
        return {"wall": utc_now().isoformat(), "again": self.rerun_command}

    def document(self, seed: int, rig: str = "") -> dict[str, Json]:
        """Return the data of the START event.

        :param rig: name of the rig; empty if its file cannot be read.
        """
        rule: dict[str, Json] = {"rule": self.rule} if self.rule else {}
        row: list[Json] = [[column, value] for column, value in self.row.items()]
        outline: dict[str, Json] = {"outline": self.outline, "row": row} if row else {}
        return {
            "name": self.name,
            "feature": self.feature,
            **rule,
            **outline,
            "line": self.line,
            "tags": list(self.tags),
            "seed": str(seed),
            **({"rig": rig} if rig else {}),
        }


def new_folder(root: Path, document: Mapping[str, Any], started: datetime) -> RunWriter:
    """Make the folder of a run; ``document`` is what ``run.json`` says of this run in particular.

    Raises ConfigurationError if ``reports/acceptance.yaml`` cannot be read, RigFault if the disk takes nothing.
    """
    identity = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    folder = root / RUNS / identity
    common: dict[str, Json] = {
        "id": identity,
        "version": __version__,
        "commit": _commit(root),
        "acceptance": _acceptance(root / ACCEPTANCE),
    }
    host: dict[str, Json] = {
        "started": started.isoformat(),
        "platform": platform.platform(),
        "python": sys.version.split()[0],
        "folder": str(folder),
    }
    run = RunWriter.create(folder, {**common, **document}, host)
    _point_latest_to(folder)
    return run


def _point_latest_to(folder: Path) -> None:
    """Let ``latest`` point to the run that has begun, unless a newer one has begun meanwhile.

    It is set when a run begins: a killed run is the newest all the same, and its report says that it has no end.
    """
    latest = folder.parent / LATEST
    temporary = latest.with_name(f".{LATEST}-{folder.name}")
    with on_disk(latest), _alone_in(folder.parent):
        if latest.is_symlink() and Path(os.readlink(latest)).name > folder.name:
            return
        temporary.symlink_to(folder.name)
        temporary.replace(latest)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one process after the other look at ``latest`` and change it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a network drive may have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def finish(run: RunWriter, verdict: Verdict, started: datetime, elapsed: float) -> str:
    """End a run folder; return the evidence digest.

    The end is reckoned from the start by a clock that nobody sets: the calendar may be set while a run is under way.

    :param elapsed: seconds by that clock.
    """
    finished = started + timedelta(seconds=elapsed)
    run.host["finished"] = finished.isoformat()
    if abs(step := (utc_now() - finished).total_seconds()) >= CALENDAR_STEP_S:
        run.host["calendar_step_s"] = round(step, 3)
    return run.finish(verdict)


def largest_memory_mb() -> int:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def write_not_started(
    run: RunWriter,
    number: int,
    begin: Mapping[str, Json],
    host: Mapping[str, Json],
    verdict: Verdict,
    reason: str,
    begun: ScenarioWriter | None = None,
) -> None:
    """Write the evidence of a scenario that never had the bench.

    :param begin: the data of its START event, with ``host`` beside it.
    :param begun: its evidence, if that had been opened before.
    """
    writer = begun or run.scenario(number, f"{begin['name']} not started")
    stop: dict[str, Json] = {"verdict": verdict.value, "reason": reason}
    try:
        if not writer.events:
            writer.write(Event(Kind.START, 0.0, "bench", begin, clock="none", host=host))
        writer.write(Event(Kind.STOP, writer.events[-1].t, "bench", stop, clock=writer.events[-1].clock))
    finally:
        run.scenario_done(writer)


def refuse(
    root: Path, rig_file: Path, seed: int, scenarios: Sequence[ScenarioFacts], error: ConfigurationError
) -> Path:
    """Write the evidence of a run for which the rig file cannot be used; return its folder."""
    started, watch = utc_now(), stopwatch()
    run = new_folder(root, {"seed": str(seed), "rig": {"file": rig_file.name}}, started)
    verdict, reason = Verdict.AUTHOR_ERROR, str(error)
    for number, facts in enumerate(scenarios, 1):
        write_not_started(run, number, facts.document(seed), facts.host(), verdict, reason)
        verdict, reason = Verdict.NOT_RUN, "the rig file cannot be used"
    finish(run, Verdict.AUTHOR_ERROR, started, watch())
    return run.folder


def _commit(root: Path) -> str:
    """Return the commit of the project, with ``+`` if files differ from it; ``unknown`` without git."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        head, dirty = (
            subprocess.run(
                ["git", *arguments],  # noqa: S607 - whichever git the engineer uses
                cwd=root,
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
                env=environment,
            ).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head + ("+" if dirty else "")


def _unprintable(value: Any, keys: yaml_file.Keys = ()) -> Iterator[tuple[yaml_file.Keys, str]]:
    """Yield what no report can print, and the keys that lead to it."""
    if isinstance(value, Mapping | list):
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _unprintable(inner, (*keys, key))
        return
    try:
        encode({"acceptance": value})
    except (ValueError, TypeError) as error:
        yield keys, yaml_file.told(keys, f"holds what no report can print: {error} (read: {value!r})")


def _acceptance(path: Path) -> dict[str, Json]:
    """Return what the laboratory says of itself, days as ISO 8601; defaults and a remark if it is missing."""
    if not path.is_file():
        return {**_acceptance(DEFAULT_ACCEPTANCE), "remarks": NO_ACCEPTANCE}
    document = yaml_file.load(path)
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise ConfigurationError("this is a mapping: laboratory, customer, items, persons …", place=f"{path}:1:1")
    plain: Any = yaml_file.plain(document)
    wrong = [*_unprintable(plain), *(waivers.flaws_of(plain["waivers"]) if plain.get("waivers") is not None else [])]
    flaws = [yaml_file.Flaw.at(path, document, keys, what) for keys, what in wrong]
    if flaws:
        raise ConfigurationError("\n".join(map(str, flaws)), remedy="Mend what the laboratory says of itself.")
    return dict(plain)

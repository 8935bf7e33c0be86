"""A run: node, rig and run folder from the first scenario to the last, and the order in which they end."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from hil import __version__
from hil.chain.providers import choose
from hil.clock import stopwatch, utc_now
from hil.errors import ConfigurationError
from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.limits import worst
from hil.evidence.store import RunWriter, ScenarioWriter
from hil.rig.file import RigFile
from hil.rig.recorder import Recorder
from hil.rig.rig import Rig, SafeState
from hil.rig.trial import Trial

RUNS = Path("reports/runs")
ACCEPTANCE = Path("reports/acceptance.yaml")


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


@dataclass
class OpenScenario:
    """A scenario that is running: its trial, and the file that its events go to."""

    trial: Trial
    recorder: Recorder
    writer: ScenarioWriter


class Run:
    """One run on one rig. ``close`` must be called; it leaves the bench safe and nothing behind.

    :param seed: decides every key, coin and noise of a virtual run.
    """

    def __init__(
        self, root: Path, rig_file: RigFile, *, node: str | None, seed: int, features: Sequence[str] = ()
    ) -> None:
        self.root = root
        self.rig_file = rig_file
        self.seed = seed
        self.features = features
        self._node_preference = node
        self._closing = contextlib.ExitStack()
        self._watch = stopwatch()
        self._verdicts: list[Verdict] = []
        self._rig: Rig | None = None
        started = utc_now()
        self.id = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.folder = root / RUNS / self.id
        self.digest = ""
        self._writer = RunWriter.create(self.folder, self._document(), self._host(started.isoformat()))

    @property
    def rig(self) -> Rig:
        """The rig, opened when it is first asked for; raises RigFault or ConfigurationError if it cannot be."""
        if self._rig is None:
            node = self._closing.enter_context(choose(self._node_preference))
            description = asdict(node.describe())
            self._writer.document["node"] = description
            self._rig = self._closing.enter_context(Rig.open(self.rig_file, node, self.seed))
            self._writer.document["rig"] = {**self._rig_document(), **self._rig.describe()}
            self._writer.save()
        return self._rig

    def begin(self, number: int, facts: ScenarioFacts) -> OpenScenario:
        """Open the evidence of a scenario and give it the bench."""
        writer = self._writer.scenario(number, facts.name)
        rig = self.rig
        rig.rewind()
        recorder = Recorder(writer, rig.clock)
        recorder.write(Kind.START, "bench", self._start(facts), host={"wall": utc_now().isoformat()})
        trial = Trial(rig, recorder, f"{self.seed}/{facts.feature}/{facts.label}")
        return OpenScenario(trial, recorder, writer)

    def end(self, scenario: OpenScenario, verdict: Verdict, reason: str) -> tuple[Verdict, str]:
        """Make the bench safe and write the STOP event; return the verdict that stands, and why."""
        trial = scenario.trial
        for finding in trial.finish():
            verdict, reason = worst([verdict, finding.verdict]), reason or str(finding)
        safe = trial.rig.make_safe()
        if not safe.reached:
            verdict, reason = Verdict.RIG_FAULT, safe.problem
        self._stop(scenario, verdict, reason, safe)
        return verdict, reason

    def record_failed_start(self, number: int, facts: ScenarioFacts, verdict: Verdict, reason: str) -> None:
        """Write the evidence of a scenario for which the bench could not be had."""
        writer = self._writer.scenario(number, f"{facts.name} not started")
        stop: dict[str, Json] = {"verdict": verdict.value, "reason": reason}
        for kind, data in ((Kind.START, self._start(facts)), (Kind.STOP, stop)):
            writer.write(Event(kind, 0.0, "bench", data, clock="none"))
        self._verdicts.append(verdict)
        self._writer.scenario_done(writer)

    def _start(self, facts: ScenarioFacts) -> dict[str, Json]:
        return {
            "name": facts.name,
            "feature": facts.feature,
            "line": facts.line,
            "tags": list(facts.tags),
            "seed": str(self.seed),
        }

    def _stop(self, scenario: OpenScenario, verdict: Verdict, reason: str, safe: SafeState) -> None:
        data: dict[str, Json] = {
            "verdict": verdict.value,
            "reason": reason,
            "setup": scenario.trial.plan.setup,
            "safe_state": {"reached": safe.reached, "seconds": round(safe.seconds, 6)},
        }
        host: dict[str, Json] = {"wall": utc_now().isoformat(), "safe_state_wall_s": round(safe.wall_seconds, 6)}
        scenario.recorder.write(Kind.STOP, "bench", data, host=host)
        self._verdicts.append(verdict)
        self._writer.scenario_done(scenario.writer)

    def close(self, verdict: Verdict | None = None) -> Verdict:
        """Let go of rig and node, write verdict, digest and manifest. Returns the verdict of the run."""
        try:
            self._closing.close()
        finally:
            verdict = worst([*self._verdicts, *([verdict] if verdict is not None else [])])
            self._writer.host |= {
                "finished": utc_now().isoformat(),
                "wall_s": round(self._watch(), 3),
                "max_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
            self.digest = self._writer.finish(verdict)
            self._point_latest()
        return verdict

    def _point_latest(self) -> None:
        latest = self.folder.parent / "latest"
        temporary = latest.with_name(f".latest-{self.id}")
        temporary.symlink_to(self.folder.name)
        temporary.replace(latest)

    def _rig_document(self) -> dict[str, Any]:
        """What is known of the rig before it is opened."""
        options = self.rig_file.options
        devices = [
            {"role": role, "description": facts.description, "serial": facts.serial, "firmware": facts.firmware}
            for role, facts in (("socket", options.devices.socket), ("cable", options.devices.cable))
            if facts is not None
        ]
        return {
            "name": options.name,
            "file": self.rig_file.path.name,
            "virtual": self.rig_file.virtual,
            "devices": devices,
        }

    def _document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "seed": str(self.seed),
            "version": __version__,
            "commit": _commit(self.root),
            "rig": self._rig_document(),
            "features": list(self.features),
            "acceptance": _acceptance(self.root / ACCEPTANCE),
        }

    def _host(self, started: str) -> dict[str, Any]:
        return {
            "started": started,
            "platform": platform.platform(),
            "python": sys.version.split()[0],
            "folder": str(self.folder),
        }


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


def _acceptance(path: Path) -> Any:
    """Return what the laboratory says of itself; {} if the file is missing."""
    if not path.is_file():
        return {}
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
    except Exception as error:
        raise ConfigurationError(f"cannot be read: {error}", place=str(path)) from error

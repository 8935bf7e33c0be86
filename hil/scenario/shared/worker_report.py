"""What the process of one of several benches tells the process of the run."""

from __future__ import annotations

from dataclasses import dataclass

from hil.evidence.documents import Json, Verdict
from hil.evidence.run_folder.scenario_writer import ScenarioEntry


@dataclass(frozen=True)
class WorkerReport:
    """What the part of a run that one of several benches has learned since it last told."""

    verdicts: list[Verdict]
    entries: dict[str, ScenarioEntry]
    """Of the scenarios that are done, by the name of their file."""
    facts: dict[str, Json]
    """What ``run.json`` says of rig and node, once they are known."""
    memory_mb: int
    """The most that the process has had."""
    befell: list[tuple[Verdict, str]]
    """Verdicts that concern this part of the run as a whole, with their reasons."""
    durations: dict[str, float]
    """Seconds of wall time that the scenarios took which are done, by title (:mod:`hil.scenario.shared.durations`)."""
    place: str = ""
    """Name of the place on which this part runs; empty: on a bench of its own."""

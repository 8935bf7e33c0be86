"""How long scenarios took: noted beside the evidence of a run, and looked up when the next run shares them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hil.evidence.run_folder.files import RUN_FILE
from hil.scenario.run_folder import RUNS, ScenarioFacts

DURATIONS: Final = "durations_s"
"""Key in the host's part of ``run.json``: seconds of wall time by scenario."""

NEWEST: Final = 20
"""Runs that are looked at: what ran last is the best guess."""


def title_of(facts: ScenarioFacts) -> str:
    """Return by what a scenario is known from run to run; its repetitions share it."""
    return f"{facts.feature}::{facts.label.partition('#')[0]}"


def known_durations(root: Path, rigs: frozenset[str]) -> dict[str, float]:
    """Return the seconds that scenarios took in the newest runs on rigs of these names, by title.

    A run whose ``run.json`` cannot be read tells nothing.
    """
    found: dict[str, float] = {}
    newest = sorted(
        (path for path in (root / RUNS).glob(f"*/{RUN_FILE}") if not path.parent.is_symlink()), reverse=True
    )
    for path in newest[:NEWEST]:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            told = document["host"][DURATIONS]
            if document["rig"]["name"] in rigs and isinstance(told, Mapping):
                found = {str(title): float(seconds) for title, seconds in told.items()} | found
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found

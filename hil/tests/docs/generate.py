"""Writes into docs/reference what the code knows already: ``python -m hil.tests.docs.generate``, or ``make docs``.

A region of a page between ``<!-- generated: name -->`` and ``<!-- end -->`` is made from the code. A test fails when
one is stale (:mod:`hil.tests.docs.test_generated_pages`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from hil.tests.docs import (
    command_tables,
    evidence_tables,
    instrument_tables,
    invariant_tables,
    plugin_tables,
    rig_file_tables,
    rule_tables,
)

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"

REGIONS: Mapping[str, Callable[[], str]] = {
    "commands": command_tables.commands,
    "run options": command_tables.run_options,
    "exit codes": rule_tables.exit_codes,
    "errors": rule_tables.errors,
    "verdicts": rule_tables.verdicts,
    "mistakes": rule_tables.mistakes,
    "steps": rule_tables.steps,
    "rig file": rig_file_tables.options,
    "resources and drivers": rig_file_tables.labgrid_classes,
    "feature flags": rig_file_tables.feature_flags,
    "defects": rig_file_tables.defects,
    "profiles": rig_file_tables.profiles,
    "plant": rig_file_tables.plant,
    "invariants": invariant_tables.invariants,
    "plugin groups": plugin_tables.groups,
    "kinds": evidence_tables.kinds,
    "event": evidence_tables.event,
    "files": evidence_tables.files,
    **instrument_tables.regions(),
}

_REGION = re.compile(r"(<!-- generated: ([a-z0-9 ]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def pages() -> list[Path]:
    """Return every page that Sphinx reads or that stands at the top of the project."""
    found = [path for path in DOCS.rglob("*.md") if not {"_build", ".pytest_cache"}.intersection(path.parts)]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(found)]


def renewed(page: str) -> str:
    """Return ``page`` with each region renewed; raises KeyError for a region without a generator."""
    return _REGION.sub(lambda found: f"{found[1]}\n{REGIONS[found[2]]().strip()}\n\n{found[3]}", page)


def regions_in(page: str) -> list[str]:
    """Return the names of the regions that a page has."""
    return [found[2] for found in _REGION.finditer(page)]


if __name__ == "__main__":
    for path in pages():
        text = path.read_text(encoding="utf-8")
        if (new := renewed(text)) != text:
            path.write_text(new, encoding="utf-8")

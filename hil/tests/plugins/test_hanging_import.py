"""A plug-in whose import never ends: told as its author's, and waited for only once."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any

import pytest

from hil.errors import ConfigurationError
from hil.plugins import registry
from hil.plugins.groups import LOADS
from hil.plugins.laboratory import Declared, declare
from hil.rig.safety.watchdog import load_added_drivers

HANGS = """\
import gate

gate.begun.append(None)
gate.opened.wait()
"""
GATE = """\
import threading

begun = []
opened = threading.Event()
"""
FINE = "class Driver:\n    serves = max_power = None\n"


@pytest.fixture
def gate(site: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the hanging import waits for; it is let through when the test is over."""
    monkeypatch.setattr(registry, "IMPORT_DEADLINE_S", 0.2)
    monkeypatch.setattr(registry, "_HANGING", set())
    (site / "gate.py").write_text(GATE, encoding="utf-8")
    (site / "hanging.py").write_text(HANGS, encoding="utf-8")
    (site / "fine.py").write_text(FINE, encoding="utf-8")
    declare(
        Declared("loads", name, f"{name}:Driver", f"pyproject.toml:{line}:1", str(site))
        for line, name in enumerate(("hanging", "fine"), 1)
    )
    module = importlib.import_module("gate")
    yield module
    module.opened.set()
    for thread in threading.enumerate():
        if thread.name == "import of hanging":
            thread.join(5)


def test_an_import_that_never_ends_is_a_mistake_of_its_author_with_its_place(gate: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        registry.find(LOADS, "hanging").load()
    told = str(caught.value)
    assert told.startswith("pyproject.toml:1:1: the plug-in 'hanging' of hil.loads (hanging:Driver) cannot be loaded: ")
    assert "the import of hanging has not ended within 0.2 s" in told
    assert len(gate.begun) == 1


def test_it_is_waited_for_only_once_and_the_others_are_loaded(gate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    load_added_drivers()
    monkeypatch.setattr(registry, "IMPORT_DEADLINE_S", 3600.0)
    load_added_drivers()
    assert len(gate.begun) == 1
    assert registry.find(LOADS, "fine").load().__name__ == "Driver"

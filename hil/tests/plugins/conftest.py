from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.plugins.laboratory import VARIABLE


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on Python's path, and a laboratory that names no plug-in; what is imported from it goes with it."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv(VARIABLE, "")  # what a test declares goes with it
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]

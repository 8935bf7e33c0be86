"""The view of a finished run, for all tests of PDF files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.report.run_view import RunView
from hil.tests.report.conftest import view as view_of


@pytest.fixture(scope="session")
def view(finished_run: Path) -> RunView:
    return view_of(finished_run)

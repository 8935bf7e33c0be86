"""docs/how-to/add-a-ledger-view.md, followed to the letter in a laboratory: the view passes its suite."""

from __future__ import annotations

import re
from pathlib import Path

from hil.tests.docs.follow import ROOT, OwnLaboratory

PAGE = ROOT / "docs/how-to/add-a-ledger-view.md"


def test_the_page_gives_a_view_that_passes_its_suite(tmp_path: Path) -> None:
    listed, tested = OwnLaboratory(tmp_path).follow(PAGE)

    assert listed[1].code == 0, listed[1].said
    assert re.search(r"^  patient  views\.patient:PatientNode +pyproject\.toml:\d+:17$", listed[1].said, re.M)
    assert tested[1].code == 0, tested[1].said
    assert "14 passed" in tested[1].said

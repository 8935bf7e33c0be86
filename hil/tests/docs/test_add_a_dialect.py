"""docs/how-to/add-a-dialect.md, followed to the letter in a laboratory: driver and twin pass every test."""

from __future__ import annotations

import re
from pathlib import Path

from hil.errors import ExitCode
from hil.tests.docs.follow import ROOT, OwnLaboratory

PAGE = ROOT / "docs/how-to/add-a-dialect.md"

TWIN = ("VirtualBench:\n          name: bench\n", "VirtualBench:\n          name: bench\n          meter: acme_pm1\n")


def test_the_page_gives_a_dialect_that_passes_every_test_and_a_run(tmp_path: Path) -> None:
    laboratory = OwnLaboratory(tmp_path)

    listed, tested = laboratory.follow(PAGE)

    assert listed[1].code == 0, listed[1].said
    assert re.search(r"^  acme_pm1  instruments\.acme_pm1:AcmePm1 +pyproject\.toml:\d+:11$", listed[1].said, re.M)
    assert re.search(r"^meter  acme_pm1      ACME PM1, PM1-A  +pyproject\.toml:\d+:11$", listed[1].said, re.M)
    assert tested[1].code == 0, tested[1].said
    assert "9 passed" in tested[1].said

    rig = laboratory.folder / "rigs/virtual.yaml"
    text = rig.read_text(encoding="utf-8")
    assert TWIN[0] in text
    rig.write_text(text.replace(*TWIN), encoding="utf-8")
    done = laboratory.run("hil run --seed 7")
    assert done.code == ExitCode.PASS, done.said

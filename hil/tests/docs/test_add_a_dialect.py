"""docs/how-to/add-a-dialect.md, followed to the letter: the driver and the virtual instrument pass every test."""

from __future__ import annotations

import re
from pathlib import Path

from hil.tests.docs.follow import ROOT, Copy

PAGE = ROOT / "docs/how-to/add-a-dialect.md"


def test_the_page_gives_a_dialect_that_passes_every_test(tmp_path: Path) -> None:
    followed = list(Copy(tmp_path).follow(PAGE))

    assert len(followed) == 1
    [(_, done)] = followed
    assert done.code == 0, done.said
    passed = re.search(r"(\d+) passed", done.said)
    assert passed is not None
    # two of the transcript, one of the virtual instrument, conformance on a socket and on a serial line, and readings
    # under each of two loads
    assert int(passed[1]) == 7, done.said

"""Regions of the documentation that come from the code are what the code says; ``make docs`` renews them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.tests.docs.generate import REGIONS, ROOT, pages, regions_in, renewed

GENERATED = {str(path.relative_to(ROOT)): path for path in pages() if regions_in(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", GENERATED)
def test_the_page_says_what_the_code_says(name: str) -> None:
    page = GENERATED[name].read_text(encoding="utf-8")

    assert renewed(page) == page, "python -m hil.tests.docs.generate renews it"


def test_each_region_stands_on_one_page() -> None:
    found = [region for path in GENERATED.values() for region in regions_in(path.read_text(encoding="utf-8"))]

    assert sorted(found) == sorted(REGIONS)


def test_a_change_in_the_code_makes_a_page_stale(tmp_path: Path) -> None:
    page = GENERATED["docs/reference/exit-codes.md"].read_text(encoding="utf-8")

    assert renewed(page.replace("Every scenario passed.", "All is well.")) == page

"""A sample of the campaign of ``make fuzz``: damaged evidence renders, is named, and is never sound."""

from __future__ import annotations

import pytest

from hil.report.all_reports import read_run
from hil.report.html.page import render
from hil.tests.report.campaign import SignedRun, make_run, try_changes, try_cuts


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SignedRun:
    return make_run(tmp_path_factory.mktemp("campaign"))


def test_evidence_cut_off_anywhere_renders_and_the_file_is_named(run: SignedRun) -> None:
    count, broken = try_cuts(run, every=61, most=3000)
    assert broken == []
    assert count >= 100


def test_a_changed_byte_of_any_file_is_found_and_the_file_is_named(run: SignedRun) -> None:
    assert try_changes(run, 90, seed=3) == []


def test_a_folder_without_run_json_renders_what_there_is(run: SignedRun) -> None:
    path = run.folder / "run.json"
    whole = path.read_bytes()
    path.unlink()
    page = render(read_run(run.folder))
    path.write_bytes(whole)
    assert "run.json cannot be read (No such file or directory)" in page
    assert "Slice 1" in page

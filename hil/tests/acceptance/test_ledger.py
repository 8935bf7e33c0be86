"""Devices that lack a defence fail the scenarios about it; a bench that lost its ledger does not blame them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, get_args

import pytest

from hil.bdd.language.naming import cases
from hil.bdd.language.reader import read
from hil.devices.defects import CableDefect, Defect
from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import ROOT, Finished
from hil.tests.acceptance.ledger_plans import Defence, defences
from hil.tests.acceptance.seeded_violations import SEEDED

if TYPE_CHECKING:
    from hil.evidence.record import ScenarioRecord

LINE, BROKEN = "features/line.feature", "features/broken-socket.feature"
ROWS = defences()
TRIED = [row for row in ROWS if row.profile]


FILES = (*sorted((ROOT / "features/ledger").glob("*.feature")), ROOT / BROKEN, ROOT / LINE)


def all_cases() -> list[str]:
    """Return the node ids of all scenarios that the table is about, rows of outlines each for itself."""
    return [f"{path.relative_to(ROOT)}::{case.label}" for path in FILES for case in cases(read(path))]


def stands_for(name: str) -> list[str]:
    """Return the cases that a name of the table selects: one, or all rows of an outline."""
    return [case for case in all_cases() if name in {case, case.partition("[")[0]}]


def result_of(scenario: ScenarioRecord) -> tuple[str, Verdict]:
    start, stop = next(scenario.of(Kind.START)), next(scenario.of(Kind.STOP))
    return f"{start.data['feature']}:{start.data['line']}", Verdict(str(stop.data["verdict"]))


def places_of(names: list[str]) -> list[str]:
    """Return ``file:line`` of the cases that the names select."""
    found = []
    for path in FILES:
        file = str(path.relative_to(ROOT))
        found += [f"{file}:{case.line}" for case in cases(read(path)) if f"{file}::{case.label}" in names]
    return found


def test_the_table_holds_each_scenario_that_it_is_about_once() -> None:
    listed = Counter(case for row in ROWS for name in row.scenarios for case in stands_for(name))
    assert listed == Counter(all_cases())


def test_each_seeded_defect_is_tried_by_the_table_or_violates_a_step() -> None:
    tried = {(row.device, defect) for row in TRIED for defect in row.profile.get("defects", ())}
    tried |= {(each.device, each.defect) for each in SEEDED}
    kinds = {"socket": Defect, "cable": CableDefect}
    assert tried == {(device, defect) for device, kind in kinds.items() for defect in get_args(kind)}


def test_a_scenario_that_no_defect_can_fail_says_why() -> None:
    assert all(row.why for row in ROWS if not row.profile)


@pytest.mark.parametrize("row", TRIED, ids=lambda row: row.plan)
def test_a_device_without_the_defence_fails_each_of_its_scenarios(row: Defence, request: pytest.FixtureRequest) -> None:
    run: Finished = request.getfixturevalue(row.plan)
    assert run.code == ExitCode.DEVICE_FAILURE, run.said
    wanted = places_of([case for name in row.scenarios for case in stands_for(name)])
    assert dict(map(result_of, run.record.scenarios)) == dict.fromkeys(wanted, Verdict.FAIL), run.said


@pytest.mark.parametrize("plan", ["node_lost", "node_hung", "server_lost"])
def test_a_ledger_that_the_bench_lost_is_a_rig_fault_and_no_fault_of_the_device(
    plan: str, request: pytest.FixtureRequest
) -> None:
    run: Finished = request.getfixturevalue(plan)
    assert run.code == ExitCode.RIG_FAULT, run.said
    assert run.document["verdict"] == Verdict.RIG_FAULT


def test_a_bench_says_how_it_lost_the_ledger(node_lost: Finished, node_hung: Finished, server_lost: Finished) -> None:
    assert "the bench lost its node" in node_lost.said
    # whichever notices first: the bench, which asks now and then, or the device under test
    assert any(words in node_hung.said for words in ("the bench lost its node", "left the device without an answer"))
    assert "Electrum server" in server_lost.said

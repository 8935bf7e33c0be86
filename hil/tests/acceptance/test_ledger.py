"""Sockets that lack a defence against what the ledger can do fail; a bench that lost its ledger does not blame them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, get_args

import pytest

from hil.bdd.naming import cases
from hil.bdd.reader import read
from hil.devices.defects import Defect
from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.tests.acceptance.commands import ROOT, Finished
from hil.tests.acceptance.ledger_plans import Defence, defences

if TYPE_CHECKING:
    from hil.evidence.store import ScenarioRecord

ROWS = defences()
TRIED = [row for row in ROWS if row.profile]


def all_cases() -> list[str]:
    """Return the node ids of all scenarios of ``features/ledger``, rows of outlines each for itself."""
    files = sorted((ROOT / "features/ledger").glob("*.feature"))
    return [f"features/ledger/{path.name}::{case.label}" for path in files for case in cases(read(path))]


def stands_for(name: str) -> list[str]:
    """Return the cases that a name of the table selects: one, or all rows of an outline."""
    return [case for case in all_cases() if name in {case, case.partition("[")[0]}]


def result_of(scenario: ScenarioRecord) -> tuple[str, Verdict]:
    start, stop = next(scenario.of(Kind.START)), next(scenario.of(Kind.STOP))
    return f"{start.data['feature']}:{start.data['line']}", Verdict(str(stop.data["verdict"]))


def places_of(names: list[str]) -> list[str]:
    """Return ``file:line`` of the cases that the names select."""
    found = []
    for path in sorted((ROOT / "features/ledger").glob("*.feature")):
        file = f"features/ledger/{path.name}"
        found += [f"{file}:{case.line}" for case in cases(read(path)) if f"{file}::{case.label}" in names]
    return found


def test_the_table_holds_each_scenario_about_the_ledger_once() -> None:
    listed = Counter(case for row in ROWS for name in row.scenarios for case in stands_for(name))
    assert listed == Counter(all_cases())


def test_the_table_tries_each_seeded_defect() -> None:
    tried = {defect for row in TRIED for defect in row.profile.get("defects", ())}
    assert tried == set(get_args(Defect))


def test_a_scenario_that_no_defect_can_fail_says_why() -> None:
    assert all(row.why for row in ROWS if not row.profile)


@pytest.mark.parametrize("row", TRIED, ids=lambda row: row.plan)
def test_a_socket_without_the_defence_fails_each_of_its_scenarios(row: Defence, request: pytest.FixtureRequest) -> None:
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

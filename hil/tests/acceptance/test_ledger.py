"""Sockets that lack a defence against what the ledger can do fail; a bench that lost its node does not blame them."""

from __future__ import annotations

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Verdict
from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.plans import DEFENCES


@pytest.mark.parametrize("defect", DEFENCES)
def test_a_socket_without_the_defence_fails_its_scenario(defect: str, defective: dict[str, Finished]) -> None:
    run = defective[defect]
    assert run.code == ExitCode.DEVICE_FAILURE, run.said
    assert run.document["verdict"] == Verdict.FAIL


def test_a_node_that_the_bench_lost_is_a_rig_fault_and_no_fault_of_the_device(node_lost: Finished) -> None:
    assert node_lost.code == ExitCode.RIG_FAULT, node_lost.said
    assert node_lost.document["verdict"] == Verdict.RIG_FAULT
    assert "the bench lost its node" in node_lost.said

"""What a bench cannot offer is told before the run, and is neither a pass nor a failure."""

from __future__ import annotations

import html

from hil.evidence.documents import Verdict
from hil.tests.acceptance.commands import Finished

WHY = "rig 'virtual' does not offer 'cable under test', only socket under test"


def test_a_set_up_that_the_bench_does_not_offer_is_told_before_anything_runs(socket_only: Finished) -> None:
    before, _, _ = socket_only.said.partition("features/boot.feature .")
    assert f"not applicable: features/boot.feature::A cable makes its first payment within the budget: {WHY}" in before


def test_the_other_scenarios_run_and_decide(socket_only: Finished) -> None:
    assert socket_only.code == 0, socket_only.said
    verdicts = [scenario.verdict for scenario in socket_only.record.scenarios]
    assert set(verdicts) == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert WHY in html.unescape(socket_only.report)

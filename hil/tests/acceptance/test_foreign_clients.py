"""lxi-tools and mbpoll talk to a standing virtual bench; collected only where both are on PATH."""

from __future__ import annotations

import pytest

from hil.tests.acceptance.standing_plans import StandingBench


@pytest.mark.parametrize(
    ("instrument", "identity"),
    [("meter", "Rohde&Schwarz,HMC8015"), ("meter by VXI-11", "Rohde&Schwarz,HMC8015"), ("load", "IT8615")],
)
def test_lxi_tools_read_the_identity_of_an_instrument(
    standing_bench: StandingBench, instrument: str, identity: str
) -> None:
    answer = standing_bench.answers[instrument]

    assert answer.returncode == 0, answer.stderr
    assert identity in answer.stdout


def test_mbpoll_closes_a_relay_and_reads_it_back(standing_bench: StandingBench) -> None:
    answers = standing_bench.answers

    assert [answer.returncode for answer in answers.values()] == [0] * len(answers)
    assert "[1]: \t0" in answers["coils before"].stdout
    assert "Written 1 references" in answers["close K1"].stdout
    assert "[1]: \t1" in answers["coils after"].stdout
    assert "[2]: \t0" in answers["coils after"].stdout

"""For all tests: a third judge is asked about each signature they judge, and hypothesis draws the same each time.

How long an example takes is no property of the code on a machine that others share: no deadline.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from hil.judge import signatures
from hil.protocol.payment import signing
from hil.tests.third_judge import ThirdJudge

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True, scope="session")
def third_judge() -> Iterator[ThirdJudge]:
    """The judge of this process; the last test fails if it ever disagreed."""
    ours, reading = signing._verify_input, signatures._flaw_of_input
    judge = ThirdJudge(ours)
    signing._verify_input = judge
    signatures._flaw_of_input = judge.before(reading)
    yield judge
    signing._verify_input, signatures._flaw_of_input = ours, reading
    assert judge.disagreements == []

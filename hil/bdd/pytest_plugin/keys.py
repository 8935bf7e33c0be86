"""What the parts of the pytest plugin keep for each other, with the run (``config.stash``) or with a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hil.bdd.pytest_plugin.showing.live_line import LiveLine
from hil.evidence.documents import Verdict
from hil.scenario.ending import OpenScenario
from hil.scenario.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable

RUN = pytest.StashKey[Run]()
SEED = pytest.StashKey[int]()
"""Of the run; known before it is opened."""
CLOSING = pytest.StashKey[list[str]]()
"""The last lines on the terminal: what came of the run."""
REMARKS = pytest.StashKey[list[str]]()
"""What happened to the processes of the run, without being its verdict."""
OTHERS_FAILED = pytest.StashKey[bool]()
"""Whether a test that does not use the bench has failed."""
BENCHES = pytest.StashKey[int]()
"""How many benches share the scenarios of the run."""
LIVE = pytest.StashKey[LiveLine]()
OPEN = pytest.StashKey[pytest.Item]()
"""The scenario that has the bench, if any."""

SCENARIO = pytest.StashKey[OpenScenario]()
OUTCOME = pytest.StashKey[tuple[Verdict, str]]()
NUMBER = pytest.StashKey[int]()
PRECHECK = pytest.StashKey[tuple[Verdict, str]]()
"""Why this rig cannot offer the scenario (not applicable), or cannot decide it (inconclusive); absent if it can."""
KINDS = pytest.StashKey[frozenset[str]]()
"""By the tag of their places: the rig files that can run the scenario; absent: each can, or none."""
STEP = pytest.StashKey[Any]()
"""The step that runs, or ran last; pytest-bdd's."""
STEP_STARTED = pytest.StashKey[tuple[float, "Callable[[], float]"]]()
"""The bench's time at which it began, and what tells how long ago that was on the wall."""
STEPS_LEFT = pytest.StashKey[list[Any]]()
CALLED = pytest.StashKey[bool]()
"""That the function of an ordinary test has come to its end, however; before, pytest makes reports of its subtests."""
AT_PROMPT = pytest.StashKey[bool]()
"""Whether a person types the steps: a mistake is then typed again, and is nothing that the scenario did."""

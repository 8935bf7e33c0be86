"""All runs that the tests look at. They are started together, a few at a time, since each mostly waits or imports.

A plan is a function that does one run, in a project of its own, and returns what came of it; the fixture of the same
name hands that to the tests. Plans of tests that are not selected are not carried out.
"""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from hil import faketime
from hil.chain.node import container
from hil.errors import ConfigurationError
from hil.tests.acceptance import (  # noqa: F401 - they declare their plans
    bench_plans,
    device_plans,
    end_plans,
    fault_plans,
    history_plans,
    ledger_plans,
    shell_plans,
    standing_plans,
    stopped_plans,
    study_plans,
)
from hil.tests.acceptance.device_plans import COMPILERS
from hil.tests.acceptance.foreign import SER2NET
from hil.tests.acceptance.foreign_loads import CLIENTS
from hil.tests.acceptance.foreign_meters import meter_clients  # noqa: F401 - it declares its plan
from hil.tests.acceptance.installed import Laboratory, new_environment
from hil.tests.acceptance.language_server import PROGRAMS
from hil.tests.acceptance.plans import PLANS, prepare
from hil.tests.acceptance.standing_plans import FOREIGN_CLIENTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_A_TIME = 3

Started = dict[str, Future[Any]]


def _docker_answers() -> bool:
    try:
        container.connect().close()
    except ConfigurationError:
        return False
    return True


collect_ignore = [
    *([] if _docker_answers() else ["test_docker.py"]),
    *([] if all(map(shutil.which, FOREIGN_CLIENTS)) else ["test_foreign_clients.py"]),
    *([] if SER2NET else ["test_serial_server.py"]),
    *([] if CLIENTS.exists() and shutil.which("lxi") else ["test_foreign_loads.py"]),
    *([] if CLIENTS.exists() else ["test_foreign_meters.py"]),
    *([] if shutil.which("npm") else ["test_foreign_meters.py"]),
    *([] if all(map(shutil.which, PROGRAMS)) else ["test_editor.py"]),
    *([] if all(map(shutil.which, COMPILERS)) else ["test_foreign_devices.py", "test_calendar.py"]),
    *([] if faketime.library() else ["test_calendar.py"]),
]


@pytest.fixture(scope="session")
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Any]]]:
    """Every plan that a selected test needs, under way."""
    wanted = {name for item in request.session.items for name in _plans_of(item)}
    folder = tmp_path_factory.mktemp("acceptance")
    prepare()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {name: pool.submit(plan, folder / name) for name, plan in PLANS.items() if name in wanted}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """An empty folder beside an environment with the wheel."""
    return new_environment(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def laboratory(installed: Laboratory, tmp_path: Path) -> Laboratory:
    """A new laboratory, as ``hil init`` makes it."""
    found = Laboratory(tmp_path / "lab", installed.python, installed.cache)
    installed.passes("init", str(found.folder))
    return found


def _plans_of(item: pytest.Item) -> set[str]:
    """Return the names that a test asks for: its fixtures, and parameters that name a plan."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {*getattr(item, "fixturenames", ()), *(str(getattr(value, "plan", value)) for value in parameters)}


def _fixture(name: str) -> Any:
    @pytest.fixture(scope="session", name=name)
    def outcome(started: Started) -> Any:
        return started[name].result()

    return outcome


globals().update({f"outcome_of_{name}": _fixture(name) for name in PLANS})

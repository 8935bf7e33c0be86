"""What is installed: told as it is, and held against what is demanded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from hil import __version__
from hil.doctor.finding import State
from hil.doctor.installation import demanded, framework, libraries
from hil.tests.doctor.surroundings import ROOT

TOLD = (
    "import json; from hil.doctor import installation as i; print(json.dumps([i.framework().seen, len(i.demanded())]))"
)


def test_the_libraries_of_this_environment_are_those_that_pyproject_demands() -> None:
    demands = demanded()

    assert {"pytest", "labgrid", "pyvisa", "docker"} <= {each.name for each in demands}
    assert libraries(demands).state is State.OK


def test_a_library_that_is_missing_or_too_old_is_told_with_the_command_that_installs_it() -> None:
    sight = libraries([Requirement("pytest >= 999"), Requirement("no-such-library ~= 1.0"), Requirement("pyvisa")])

    assert sight.state is State.PROBLEM
    assert sight.seen == f"pytest is {metadata.version('pytest')}, demanded is >=999; no-such-library is missing"
    assert sight.remedy == "pip install 'pytest>=999' 'no-such-library~=1.0'"


def test_a_checkout_is_told_as_one() -> None:
    assert f"{__version__}, a checkout in {ROOT}" in framework().seen


def test_a_package_beside_no_pyproject_is_told_as_installed_and_its_own_record_says_what_it_demands(
    tmp_path: Path,
) -> None:
    shutil.copytree(ROOT / "hil", tmp_path / "hil", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    record = tmp_path / f"micropay_hil-{__version__}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: micropay-hil\nVersion: {__version__}\n"
        "Requires-Dist: pytest\nRequires-Dist: docker\nRequires-Dist: furo; extra == 'docs'\n"
    )
    asked = subprocess.run(
        [sys.executable, "-c", TOLD],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert json.loads(asked.stdout) == [f"{__version__}, installed in {tmp_path}", 2]

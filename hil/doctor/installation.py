"""What is installed: this framework, and the libraries that it demands with their versions."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement

import hil
from hil.doctor.finding import Probe, look_at, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.doctor.finding import Finding, Sight, Surroundings

DISTRIBUTION: Final = "micropay-hil"


def look(_: Surroundings) -> list[Finding]:
    """Look at what is installed."""
    return look_at(
        Probe("installation.hil", "micropay-hil", framework),
        Probe("installation.libraries", "libraries", lambda: libraries(demanded())),
    )


def home() -> Path:
    """Return the folder that the package ``hil`` lies in."""
    return Path(hil.__file__).resolve().parents[1]


def framework() -> Sight:
    """Tell which version runs, and whether it is a checkout or was installed."""
    checkout = _pyproject().is_file()
    seen = f"{hil.__version__}, {'a checkout' if checkout else 'installed'} in {home()}"
    try:
        installed = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return warning(f"{seen}; pip does not know it", "pip install -e . in the checkout.")
    if installed != hil.__version__:
        return warning(f"{seen}; pip installed {installed}", "Install it again, and see that PYTHONPATH is empty.")
    return ok(seen)


def libraries(demands: Sequence[Requirement]) -> Sight:
    """Hold what is installed against what is demanded."""
    wrong = {}
    for demand in demands:
        if flaw := _flaw(demand):
            wrong[demand.name] = flaw
    if wrong:
        wanted = " ".join(f"'{demand}'" for demand in demands if demand.name in wrong)
        return problem("; ".join(wrong.values()), f"pip install {wanted}")
    return ok(f"{len(demands)} demanded, all there in a version that fits")


def demanded() -> list[Requirement]:
    """Return what this framework demands here: by its pyproject.toml in a checkout, else by what was installed.

    Raises PackageNotFoundError if there is neither.
    """
    if _pyproject().is_file():
        listed = tomllib.loads(_pyproject().read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        listed = metadata.requires(DISTRIBUTION) or []
    every = map(Requirement, listed)
    return [each for each in every if each.marker is None or each.marker.evaluate({"extra": ""})]


def _flaw(demand: Requirement) -> str:
    try:
        version = metadata.version(demand.name)
    except metadata.PackageNotFoundError:
        return f"{demand.name} is missing"
    if not demand.specifier.contains(version, prereleases=True):
        return f"{demand.name} is {version}, demanded is {demand.specifier}"
    return ""


def _pyproject() -> Path:
    return home() / "pyproject.toml"

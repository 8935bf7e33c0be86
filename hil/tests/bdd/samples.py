"""Step modules and feature files that several tests use."""

from __future__ import annotations

import textwrap
from types import ModuleType
from typing import TYPE_CHECKING

from hil.bdd.language.catalogue import Catalogue
from hil.bdd.language.reader import read

if TYPE_CHECKING:
    from pathlib import Path

    from hil.bdd.language.document import Document

STEPS = '''
import pytest

from hil.bdd.language.catalogue import given, then, when


@pytest.fixture
def log(request):
    entries = []
    yield entries
    print("LOG", request.node.name, entries)


@given("a {power} toaster")
@given("en brödrost på {power}")
def _(power, /, log):
    """Connect an appliance that draws this power."""
    log.append(power)


@when("the cable pays {amount} for each of {int} payments")
def _(amount, count, /, log):
    """Let the cable pay."""
    log.append((amount, count))


@when("the {device} waits {duration}")
def _(device, duration, /, log):
    """Let time pass and clean up afterwards."""
    log.append((device, duration))
    yield
    log.append("cleaned up")


@then("the socket cuts the power within {duration}")
def _(limit, /, log):
    """From the refused payment to zero current."""
    log.append(limit)
    assert limit < 10


@then("the ledger holds:")
def _(datatable, log):
    """A table of amounts."""
    log.append(datatable)


@then("the report says:")
def _(docstring, log):
    """The words of the report."""
    log.append(docstring)


@then("the power is off")
def _(log):
    """Read from the meter."""


@then("the {word} is off")
def _(what, /, log):
    """Anything that can be off."""
'''


def module_of(source: str, name: str = "sample_steps") -> ModuleType:
    """Return a module that is run from ``source``."""
    module = ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)  # noqa: S102
    return module


def catalogue_of(source: str = STEPS) -> Catalogue:
    return Catalogue.of_modules([module_of(source)])


def feature_of(folder: Path, text: str, name: str = "x.feature") -> Document:
    """Write a feature file and read it."""
    path = folder / name
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return read(path)

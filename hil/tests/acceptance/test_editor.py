"""The official Cucumber extension finds all steps (.vscode/settings.json); collected only where node and npm are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.parameters import PARAMETERS
from hil.tests.acceptance import language_server
from hil.tests.acceptance.commands import ROOT
from hil.tests.bdd.language.test_parameters import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.bdd.language.catalogue import StepDefinition
    from hil.tests.acceptance.language_server import LanguageServer

FEATURES = sorted((ROOT / "features").rglob("*.feature"))

HALF_WRITTEN = """\
Feature: Half written
  Scenario: One
    Given the socket is under test in single-fee mode
    And the load dr
    When the devices are swiched on
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    with language_server.running() as server:
        yield server


def test_server_finds_each_step_and_each_parameter_type(server: LanguageServer) -> None:
    definitions, types = len(load_catalogue().definitions), len(PARAMETERS.keys() - BUILT_IN)

    assert f"* Found {definitions} step definitions in those glue files" in server.log
    assert f"* Found {types} parameter types in those glue files" in server.log
    assert not [line for line in server.log if "Step Definition errors" in line or "Failed" in line]


@pytest.mark.parametrize("path", FEATURES, ids=lambda path: str(path.relative_to(ROOT)))
def test_server_finds_nothing_wrong_in_a_feature(server: LanguageServer, path: Path) -> None:
    assert server.open(path) == []


def test_server_finds_what_is_wrong(server: LanguageServer) -> None:
    found = server.open(ROOT / "features" / "half_written.feature", HALF_WRITTEN)

    assert [(each["range"]["start"]["line"], each["code"]) for each in found] == [
        (3, "cucumber.undefined-step"),
        (4, "cucumber.undefined-step"),
    ]


def test_server_offers_the_steps_that_fit_what_was_begun(server: LanguageServer) -> None:
    path = ROOT / "features" / "half_written.feature"
    server.open(path, HALF_WRITTEN)
    line = HALF_WRITTEN.splitlines()[3]

    offered = server.complete(path, 3, len(line))

    assert "the load draws {power}" in [item["label"] for item in offered]
    # beside the steps it offers what outlines have in their place
    undefined = [item["label"] for item in offered if "undefined" in item["labelDetails"].get("detail", "")]
    assert all("<" in label for label in undefined)


@pytest.mark.parametrize("definition", load_catalogue().definitions, ids=str)
def test_server_offers_every_step(server: LanguageServer, definition: StepDefinition) -> None:
    path = ROOT / "features" / "half_written.feature"
    begun = max(re.split(r"\S*\{\w+\}\S*|\S+/\S+", definition.expression.source), key=len).strip()
    server.open(path, f"Feature: f\n  Scenario: s\n    {definition.keyword.capitalize()} {begun}\n")

    offered = [item["label"] for item in server.complete(path, 2, 100)]

    assert definition.expression.source in offered


def test_server_leads_from_a_step_to_its_definition(server: LanguageServer) -> None:
    path = ROOT / "features" / "boot.feature"
    server.open(path)
    number, line = next(
        (number, line) for number, line in enumerate(path.read_text().splitlines()) if "the load draws" in line
    )

    (link,) = server.definition(path, number, len(line) - 2)

    (definition,) = load_catalogue().find("given", "the load draws 100 W")
    assert link["targetUri"].endswith(definition.file)
    assert link["targetRange"]["start"]["line"] <= definition.line <= link["targetRange"]["end"]["line"] + 1

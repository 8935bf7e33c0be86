"""A run in GitHub Actions, with a history and results for Allure."""

from __future__ import annotations

from pathlib import Path

from hil.tests.acceptance.commands import Finished, Project
from hil.tests.acceptance.end_plans import SOUND
from hil.tests.acceptance.plans import PROVIDER, SEED, plan

FEATURE = f"""\
Feature: Energy
{SOUND.format(name="What was paid", steps="")}
{SOUND.format(name="Less than was paid", steps="").replace("is 8 Wh", "is 7 Wh")}"""


@plan
def told_to_others(folder: Path) -> Finished:
    project = Project.make(folder, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(folder / "summary.md"))
    (project.folder / "energy.feature").write_text(FEATURE, encoding="utf-8")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[tool.hil]\nhistory = "reports/history.sqlite"\n')
    options = ("--allure", "allure-results", "--node", PROVIDER, "--seed", SEED)
    return project.run("run", "energy.feature", *options)

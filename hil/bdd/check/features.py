"""Everything that ``hil check`` finds: in step modules and feature files, against a rig file and requirements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.bdd.check import preflight, requirements, rig_problems
from hil.bdd.check.rig_file import read_rig
from hil.bdd.language import naming
from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.document import Problem
from hil.bdd.language.reader import read_paths
from hil.bdd.language.rules import Level, exit_code
from hil.errors import AuthorError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hil.bdd.language.catalogue import Catalogue
    from hil.bdd.language.document import Document
    from hil.errors import ExitCode
    from hil.rig.config.rig_file import RigFile

PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+)")


@dataclass(frozen=True)
class Report:
    """What was found, in the order of files and lines, and what ``hil check`` ends with."""

    problems: tuple[Problem, ...]
    code: ExitCode
    covered: str = ""
    """How many requirements are covered, if that was asked for."""

    @property
    def mistakes(self) -> int:
        """How many of the problems are errors; the others are warnings."""
        return sum(problem.level is Level.ERROR for problem in self.problems)


def check_all(
    paths: Sequence[str],
    *,
    tags: Collection[str] | None,
    wanted: dict[str, requirements.Requirement],
    steps: Sequence[str],
    rig: Path | None = None,
    coverage: bool = False,
) -> Report:
    """Look at everything, and tell all that is wrong at once: in features and steps, in the rig file, and between them.
    Coverage is looked at when every feature file can be read.

    :param tags: that may stand in features; None leaves them unchecked.
    :param wanted: the requirements, by id.
    :param steps: modules with step definitions.
    :param rig: a rig file that everything is held against.

    Raises ConfigurationError for a path that does not exist.
    """
    features = read_paths(paths)
    try:
        catalogue = load_catalogue(steps)
    except AuthorError as error:
        return _report([_wrong_definition(error), *(read_rig(rig, None)[1] if rig is not None else ())])
    found = preflight.check(features, catalogue, tags)
    applicable, covered = True, ""
    if rig is not None:
        rig_file, wrong = read_rig(rig, catalogue)
        found += wrong
        if rig_file is not None:
            against_rig = _against_rig(features, catalogue, rig_file)
            applicable = not against_rig or any(not _not_offered(problems) for problems in against_rig)
            found += sorted({problem for problems in against_rig for problem in problems})
    if coverage and not any(feature.problems for feature in features):
        shown = requirements.coverage(features, wanted)
        found += _gaps(shown)
        covered = f"{len(wanted) - len(shown.uncovered)} of {len(wanted)} requirements are covered"
    return _report(found, applicable=applicable, covered=covered)


def _report(problems: Sequence[Problem], *, applicable: bool = True, covered: str = "") -> Report:
    code = exit_code((problem.rule for problem in problems), applicable=applicable)
    return Report(tuple(problems), code, covered)


def _wrong_definition(error: AuthorError) -> Problem:
    place = PLACE.fullmatch(error.place or "")
    file, line = (place["file"], int(place["line"])) if place else (error.place or "", 1)
    return Problem(file, line, 1, error.what, error.remedy or "", "wrong-definition")


def _against_rig(features: Sequence[Document], catalogue: Catalogue, rig: RigFile) -> list[list[Problem]]:
    """Return the problems of each scenario."""
    return [
        rig_problems.problems(feature, case, catalogue, rig) for feature in features for case in naming.cases(feature)
    ]


def _not_offered(problems: Sequence[Problem]) -> bool:
    return any(problem.rule == "not-offered" for problem in problems)


def _gaps(coverage: requirements.Coverage) -> list[Problem]:
    """Return what no scenario shows, and the scenarios that show nothing."""
    found = []
    for feature, case in coverage.untagged:
        what = f"'{case.label}' names no requirement"
        found.append(Problem(feature.file, case.line, case.scenario.column, what, rule="no-requirement"))
    for each in coverage.uncovered:
        file, line, column = each.place.rsplit(":", 2)
        what = f"no scenario shows {each.id}: {each.text} ({each.source})"
        remedy = f"Tag one with @{each.id}"
        found.append(Problem(file, int(line), int(column), what, remedy, "uncovered-requirement"))
    return sorted(found)


def project_tags(root: Path | None, wanted: Collection[str]) -> set[str] | None:
    """Return the tags that a project knows; None outside of one."""
    tags = preflight.project_tags(root) if root is not None else None
    return None if tags is None else tags | set(wanted)

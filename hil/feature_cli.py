"""``hil check``: what is wrong in feature files, and which requirement no scenario shows, without running anything."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ExitCode, HilError

if TYPE_CHECKING:
    from hil.bdd.requirements import Coverage


def add_feature_commands(commands: Any) -> None:
    """Add ``check`` to argparse's ``commands``."""
    check = commands.add_parser("check", help="find mistakes in feature files without running anything")
    check.add_argument("paths", nargs="*", default=["features"])
    check.add_argument("--rig", help="check this rig file too")
    check.add_argument("--coverage", action="store_true", help="demand a scenario for each requirement")
    check.set_defaults(act=_check)


def _check(options: argparse.Namespace, _: list[str]) -> int:
    from hil.bdd import requirements
    from hil.bdd.catalogue import load_catalogue
    from hil.bdd.preflight import check, project_tags
    from hil.bdd.reader import read_paths
    from hil.rig.file import RigFile

    if options.rig:
        RigFile.load(Path(options.rig))
    root = _root()
    tags = project_tags(root) if root is not None else None  # outside a project nobody knows which tags there are
    wanted = requirements.load((root or Path()) / requirements.FILE)
    features = read_paths(options.paths)
    problems = check(features, load_catalogue(), tags if tags is None else tags | wanted.keys())
    for problem in problems:
        print(problem)
    print(f"{len(problems)} mistake{'' if len(problems) == 1 else 's'}", file=sys.stderr)
    if problems:
        return ExitCode.AUTHOR_ERROR
    return _show_coverage(requirements.coverage(features, wanted)) if options.coverage else ExitCode.PASS


def _show_coverage(coverage: Coverage) -> int:
    for each in coverage.untagged:
        print(f"note: {each}: names no requirement")
    for requirement in coverage.uncovered:
        print(
            f"{requirement.place}: {requirement.id} is shown by no scenario: {requirement.text} ({requirement.source})"
        )
    covered = len(coverage.requirements) - len(coverage.uncovered)
    print(f"{covered} of {len(coverage.requirements)} requirements are covered", file=sys.stderr)
    return ExitCode.AUTHOR_ERROR if coverage.uncovered else ExitCode.PASS


def _root() -> Path | None:
    from hil.rig.project import project_root

    try:
        return project_root(Path.cwd())
    except HilError:
        return None

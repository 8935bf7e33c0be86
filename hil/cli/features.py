"""``hil check``, ``hil steps``, ``hil pairs``, ``hil new``: for who writes features; nothing is run or switched."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.laboratory import laboratory, shown
from hil.errors import AuthorError, ConfigurationError, ExitCode

if TYPE_CHECKING:
    from hil.rig.config.project import Project

FEATURES = "features of [tool.hil]"


def add_feature_commands(commands: Any) -> None:
    """Add ``check``, ``steps``, ``pairs`` and ``new`` to argparse's ``commands``."""
    check = commands.add_parser("check", help="find mistakes in feature files without running anything")
    check.add_argument("paths", nargs="*", help=f"files and folders (default: {FEATURES})")
    against = check.add_mutually_exclusive_group()
    against.add_argument(
        "--rig",
        metavar="FILE",
        help="find what this rig does not offer, cannot do or cannot decide (default: rig of [tool.hil])",
    )
    against.add_argument("--no-rig", action="store_true", help="look at features and steps alone")
    check.add_argument("--coverage", action="store_true", help="demand a scenario for each requirement")
    check.add_argument("--format", choices=("text", "json", "sarif"), default="text")
    check.set_defaults(act=_check)

    steps = commands.add_parser("steps", help="list the steps, or those that have certain words")
    steps.add_argument(
        "words", nargs="*", metavar="WORD", help="in the step, its documentation or the name of its file"
    )
    steps.add_argument("--types", action="store_true", help="list the parameter types instead: what each accepts")
    steps.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    steps.add_argument("--output", metavar="FILE", help="write there instead of to the terminal")
    steps.set_defaults(act=_steps)
    for command in (check, steps):
        command.add_argument(
            "--steps",
            action="append",
            metavar="MODULE",
            dest="modules",
            help="module or package with step definitions (default: steps of [tool.hil])",
        )

    pairs = commands.add_parser("pairs", help="write the rows that outlines tagged @pairwise lack")
    pairs.add_argument("paths", nargs="*", help=f"files and folders (default: {FEATURES})")
    pairs.add_argument("--anew", action="store_true", help="replace all rows by as few as it takes for their values")
    pairs.set_defaults(act=_pairs)

    new = commands.add_parser("new", help="begin a feature or a module of steps")
    new.add_argument("kind", choices=("feature", "steps"))
    new.add_argument("name", help="in words, e.g. 'a kettle at noon'")
    new.set_defaults(act=_new)


def _check(options: argparse.Namespace, _: list[str]) -> int:
    from hil.bdd.check import requirements
    from hil.bdd.check.features import check_all, project_tags
    from hil.bdd.language.formats import FORMATS

    project = laboratory()
    wanted = requirements.load(project.requirements)
    rig, told = _rig(options, project)
    report = check_all(
        options.paths or [shown(project.features)],
        tags=project_tags(project.root, wanted),
        wanted=wanted,
        steps=options.modules or project.steps,
        rig=rig,
        coverage=options.coverage,
    )
    if report.problems or options.format != "text":
        print(FORMATS[options.format](report.problems))
    for problem in report.problems:
        if problem.rule == "unreadable-rig":
            print(f"hil check: {problem}", file=sys.stderr)
    print(f"{report.mistakes} mistake{'' if report.mistakes == 1 else 's'}", file=sys.stderr)
    if told and options.format == "text" and (rig is not None or not (report.mistakes or options.coverage)):
        print(told, file=sys.stderr)
    if report.covered:
        print(report.covered, file=sys.stderr)
    return report.code


def _rig(options: argparse.Namespace, project: Project) -> tuple[Path | None, str]:
    """Return the rig file that features are held against, and what is said of that; a default one may be missing."""
    if options.no_rig:
        return None, ""
    if options.rig:
        return Path(options.rig), ""
    rig = Path(shown(project.rig))
    if "rig" in project.places or rig.is_file():
        return rig, f"held against {rig}, the rig of [tool.hil]; --rig FILE takes another, --no-rig none"
    return None, f"not held against a rig: there is no {rig}; --rig FILE names one"


def _steps(options: argparse.Namespace, _: list[str]) -> int:
    from hil.bdd.language.catalogue import load_catalogue
    from hil.bdd.language.listing import parameter_types
    from hil.bdd.language.listing import steps as step_docs

    catalogue = load_catalogue(options.modules or laboratory().steps)  # makes the laboratory's own types, too
    if options.types:
        types = parameter_types.search(options.words)
        text = parameter_types.FORMATS[options.format](types)
    else:
        steps = step_docs.search(catalogue, options.words)
        text = step_docs.FORMATS[options.format](steps)
    if not (types if options.types else steps):
        what = "parameter type" if options.types else "step"
        print(f"no {what} has {' and '.join(repr(word) for word in options.words)}", file=sys.stderr)
        return ExitCode.NOTHING_RUN
    if options.output:
        try:
            Path(options.output).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"cannot be written: {error.strerror}", place=options.output) from None
    else:
        print(text)
    return ExitCode.PASS


def _pairs(options: argparse.Namespace, _: list[str]) -> int:
    from hil.bdd.check.pairwise import write_missing
    from hil.bdd.language.reader import read_paths

    documents = read_paths(options.paths or [shown(laboratory().features)])
    if problems := [str(problem) for document in documents for problem in document.problems]:
        raise AuthorError("\n".join(problems), remedy="Mend that first; no file was written.")
    for document in documents:
        if added := write_missing(document, anew=options.anew):
            print(f"{document.file}: {added} row{'s' * (added > 1)} written")
    return ExitCode.PASS


def _new(options: argparse.Namespace, _: list[str]) -> int:
    from hil.cli.scaffold import new_feature, new_steps

    project = laboratory()
    if options.kind == "feature":
        print(new_feature(options.name, project.features))
        return ExitCode.PASS
    if project.own_steps is None:
        what = f"steps names no package of this laboratory (read: {', '.join(project.steps)})"
        raise ConfigurationError(what, place=str(project.root), remedy="Add one, e.g. steps/ with an __init__.py.")
    print(new_steps(options.name, project.own_steps))
    return ExitCode.PASS

"""``hil history`` and ``hil trend``: runs go into the history, and what a measurement does from run to run."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.laboratory import LATEST_RUN, laboratory
from hil.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from hil.history.store import History
    from hil.rig.config.project import Project

FORMATS = ("text", "json", "html")


def add_history_commands(commands: Any) -> None:
    """Add ``history`` and ``trend`` to argparse's ``commands``."""
    history = commands.add_parser("history", help="the database of all runs")
    actions = history.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add runs from their folders, also old ones; a run is added once")
    add.add_argument("run", nargs="*", help="run folders (default: those of the laboratory that are missing)")
    add.set_defaults(act=_add)
    names = actions.add_parser("measurements", help="list the measurements, each with its number of values")
    names.set_defaults(act=_measurements)
    flaky = actions.add_parser("flaky", help="list the scenarios that pass and fail with the same commit")
    flaky.set_defaults(act=_flaky)

    trend = commands.add_parser(
        "trend", help="what a measurement does from run to run: control chart, capability, yield"
    )
    trend.add_argument("measurement", help="its name, as in the report")
    trend.add_argument("--scenario", metavar="TEXT", help="only scenarios with this in their name")
    trend.add_argument(
        "--baseline", metavar="FIRMWARE", help="version whose values make the control limits (default: the first)"
    )
    add_format_options(trend)
    trend.set_defaults(act=_trend)


def add_format_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say in which form, and where, something is told."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="how it is told (default: %(default)s)")
    parser.add_argument("--output", metavar="FILE", help="write it there; a page goes into reports otherwise")


def open_history(project: Project) -> History:
    """Open the history of a laboratory."""
    from hil.history.database import DEFAULT
    from hil.history.store import History

    return History.open(project.history or DEFAULT, project.root)


def print_or_write(text: str, options: argparse.Namespace, page: Path) -> None:
    """Print ``text``, or write it where the options say, and print where."""
    path = Path(options.output).expanduser() if options.output else page if options.format == "html" else None
    if options.output and path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise ConfigurationError("this cannot be written; a file in a folder that is there is allowed", place=str(path))
    if path is None:
        print(text)
        return
    from hil.evidence.run_folder.files import replace_file

    replace_file(path, text if text.endswith("\n") else f"{text}\n")
    print(path)


def _add(options: argparse.Namespace, _: list[str]) -> int:
    from hil.history.facts import read_facts

    project = laboratory()
    added = there = refused = altered = 0
    with open_history(project) as history:
        for folder in map(Path, options.run) if options.run else _missing(project, history.known()):
            try:
                run = read_facts(folder.resolve())
                altered += bool(run.faults)
                new = history.add(run)
            except ConfigurationError as error:
                refused += 1
                print(f"not added: {error}")
                continue
            added, there = added + new, there + (not new)
    print(f"{added} added, {there} there already, {refused} not added")
    if altered:
        return ExitCode.EVIDENCE_ALTERED
    return ExitCode.AUTHOR_ERROR if refused else ExitCode.PASS


def _missing(project: Project, known: set[str]) -> Iterator[Path]:
    """Yield the run folders of the laboratory that are not in the history, oldest first."""
    from hil.evidence.run_folder.files import RUN_FILE

    for path in sorted((project.root / LATEST_RUN).parent.glob(f"*/{RUN_FILE}")):
        if not path.parent.is_symlink() and path.parent.name not in known:
            yield path.parent


def _measurements(options: argparse.Namespace, _: list[str]) -> int:
    from hil.report.text_format import on_a_line

    with open_history(laboratory()) as history:
        for name, count in history.measurements():
            print(f"{count:6}  {on_a_line(name)}")
    return ExitCode.PASS


def _flaky(options: argparse.Namespace, _: list[str]) -> int:
    from hil.history.statistics.yields import flaky_scenarios
    from hil.report.text_format import on_a_line

    with open_history(laboratory()) as history:
        found = flaky_scenarios(history.attempts())
    for each in found:
        firmware, serial, commit = each.unit
        told = f"{each.passed} passed, {each.failed} failed  {each.scenario}  (commit {commit}, firmware {firmware}"
        print(on_a_line(f"{told}, serial {serial})"))
    if not found:
        print("no scenario passes and fails with the same commit")
    return ExitCode.PASS


def _trend(options: argparse.Namespace, _: list[str]) -> int:
    from hil.history.pages import trend_page, trends_json
    from hil.history.trend import trends_of
    from hil.history.words import trend_lines

    project = laboratory()
    with open_history(project) as history:
        trends = trends_of(history, options.measurement, options.scenario, options.baseline)
    if options.format == "html":
        text = trend_page(options.measurement, trends)
    elif options.format == "json":
        text = trends_json(trends)
    else:
        text = "\n\n".join("\n".join(trend_lines(trend)) for trend in trends)
    print_or_write(text, options, project.root / "reports/trend.html")
    return ExitCode.PASS

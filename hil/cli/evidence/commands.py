"""``hil evidence``: show, search, export and verify what a run has recorded."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.laboratory import LATEST_RUN, laboratory
from hil.errors import ExitCode

if TYPE_CHECKING:
    from hil.report.evidence.listing import Filter

FORMATS = ("mcap", "parquet", "csv")
SCHEMAS = ("event", "run", "manifest")


def add_evidence_commands(commands: Any) -> None:
    """Add the group ``evidence`` to the command line."""
    evidence = commands.add_parser("evidence", help="show, search, export and verify what a run has recorded")
    actions = evidence.add_subparsers(dest="evidence_command", required=True, metavar="ACTION")

    show = actions.add_parser("show", help="print the events of a run, a line each")
    _add_place(show)
    _add_filter(show)
    show.set_defaults(act=_show, text=None)

    grep = actions.add_parser("grep", help="print the events whose line holds a text")
    grep.add_argument("text", help="regular expression; upper and lower case are the same")
    _add_place(grep)
    _add_filter(grep)
    grep.set_defaults(act=_show)

    export = actions.add_parser("export", help="write the events in the format of another program")
    _add_place(export)
    export.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="default: %(default)s")
    export.add_argument("--output", metavar="FOLDER", required=True, help="folder for the files; made if needed")
    export.set_defaults(act=_export)

    schema = actions.add_parser("schema", help="print the JSON Schema of the evidence")
    schema.add_argument("of", choices=SCHEMAS, help="an event (a line of a scenario's file), run.json or manifest.json")
    schema.set_defaults(act=_schema)

    verify = actions.add_parser("verify", help="tell whether a run folder is what was recorded; if not, end with 8")
    verify.add_argument("run", nargs="?", help=f"run folder (default: {LATEST_RUN} of the laboratory)")
    verify.set_defaults(act=_verify)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", help=f"run folder (default: {LATEST_RUN} of the laboratory)")
    parser.add_argument("scenario", nargs="?", help="number of a scenario, or how its name begins (default: all)")


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", action="append", default=[], help="only events of this kind, e.g. frame")
    parser.add_argument("--source", action="append", default=[], help="only events of this source, e.g. meter")
    parser.add_argument("--from", dest="first", type=float, metavar="SECONDS", help="only from this time on")
    parser.add_argument("--until", dest="last", type=float, metavar="SECONDS", help="only up to this time")
    parser.add_argument("--json", action="store_true", help="print the JSON lines of the evidence")


def run_folder(options: argparse.Namespace) -> Path:
    """Return the run folder that the command line names, or the newest of the laboratory."""
    return Path(options.run).resolve() if options.run else (laboratory().root / LATEST_RUN).resolve()


def _filter(options: argparse.Namespace) -> Filter:
    from hil.errors import ConfigurationError, nearest
    from hil.evidence.documents import Kind
    from hil.report.evidence.listing import Filter, pattern

    known = [kind.value for kind in Kind]
    for kind in options.kind:
        if kind not in known:
            raise ConfigurationError(f"'{kind}' is no kind of event{nearest(kind, known)}", place="--kind")
    return Filter(
        None if options.text is None else pattern(options.text),
        frozenset(map(Kind, options.kind)),
        frozenset(options.source),
        options.first,
        options.last,
    )


def _show(options: argparse.Namespace, _: list[str]) -> int:
    from hil.report.evidence.listing import chosen, event_lines

    wanted, files = _filter(options), chosen(run_folder(options), options.scenario)
    found = False
    for line in event_lines(files, wanted, as_json=options.json):
        found = True
        print(line)
    if not found:
        print("no event was found", file=sys.stderr)
    return ExitCode.PASS if found else ExitCode.NOTHING_RUN


def _export(options: argparse.Namespace, _: list[str]) -> int:
    from hil.evidence.export.formats import export
    from hil.report.evidence.listing import chosen

    for path in export(chosen(run_folder(options), options.scenario), options.format, Path(options.output)):
        print(path)
    return ExitCode.PASS


def _schema(options: argparse.Namespace, _: list[str]) -> int:
    from hil.evidence.schemas import text_of_schema

    print(text_of_schema(options.of), end="")
    return ExitCode.PASS


def _verify(options: argparse.Namespace, _: list[str]) -> int:
    from hil.evidence.run_folder.manifest import SIGNATURE_FILE
    from hil.report.evidence.verification import verified
    from hil.report.text_format import on_a_line

    folder = run_folder(options)
    statement = verified(folder)
    for sentence in statement.sentences:
        print(on_a_line(sentence))
    if statement.sound and (folder / SIGNATURE_FILE).is_file():
        print(f"{SIGNATURE_FILE} is not checked here: hil verify RUN --key FILE does that.")
    return ExitCode.PASS if statement.sound else ExitCode.EVIDENCE_ALTERED

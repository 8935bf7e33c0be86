"""``hil report``: the reports of a run, written anew from its evidence."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.laboratory import LATEST_RUN, laboratory
from hil.cli.runs.history import add_format_options, print_or_write
from hil.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from hil.report.pdf.signature import PdfSigner


def add_report_command(commands: Any) -> None:
    """Add ``hil report`` to the command line."""
    report = commands.add_parser("report", help="write the report of a run anew from its evidence")
    report.add_argument("run", nargs="?", help=f"run folder (default: {LATEST_RUN} of the laboratory)")
    report.add_argument("--annex", action="store_true", help="also write annex.html: each scenario in full")
    report.add_argument("--certificate", action="store_true", help="also write certificate.pdf, the pages to sign")
    report.add_argument("--pdf", action="store_true", help="also write report.pdf, with the evidence attached")
    report.add_argument("--key", metavar="FILE", help="sign the PDF with this private key (PEM)")
    report.add_argument("--key-certificate", metavar="FILE", help="the X.509 certificate of the key (PEM)")
    report.add_argument(
        "--time-stamps", metavar="URL", help="time stamp authority (RFC 3161) for the signature of the PDF"
    )
    report.add_argument(
        "--ci",
        metavar="SERVICE",
        help="tell this service of what did not pass: github, gitlab, none, auto (default: the one in which it runs)",
    )
    report.add_argument("--allure", metavar="DIR", help="also write results for Allure into this folder")
    report.add_argument("--index", action="store_true", help="write the index of all runs anew, and nothing else")
    report.add_argument("--against", metavar="RUN", help="write nothing anew: compare with this earlier run")
    report.add_argument("--common", action="store_true", help="with --against: leave out what only one of them has")
    add_format_options(report)
    report.set_defaults(act=_report)


def _report(options: argparse.Namespace, _: list[str]) -> int:
    from hil.report.all_reports import read_run, write_files
    from hil.report.ci.allure import write_allure
    from hil.report.ci.service import service_of, tell
    from hil.report.evidence.report_sums import write_sums
    from hil.report.html.page import REPORT_FILE, write_annex

    signer = _signer(options)
    project, service = laboratory(), service_of(options.ci, os.environ)
    if options.index:
        from hil.history.index import write_index

        print(write_index(project.root / LATEST_RUN.parts[0], at_once=None))
        return ExitCode.PASS
    if options.against:
        return _compare(options, project.root)
    folder = Path(options.run or project.root / LATEST_RUN).resolve()
    try:
        run = read_run(folder)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"this is no run folder ({error})", place=str(options.run or folder)) from None
    write_files(run)
    print(folder / REPORT_FILE)
    if options.annex:
        print(write_annex(run))
    if options.certificate or options.pdf:
        from hil.report.pdf.documents import write_certificate, write_report

        for write in filter(None, (options.certificate and write_certificate, options.pdf and write_report)):
            print(write(run, folder, signer))
    if options.allure:
        print(write_allure(run, Path(options.allure).expanduser()))
    write_sums(folder)
    for line in tell(run, service, project.root, os.environ):
        print(line)
    if run.integrity.altered:
        from hil.report.summary import alterations

        print("\n".join(alterations(run)), file=sys.stderr)
        return ExitCode.EVIDENCE_ALTERED
    return ExitCode.PASS


def _compare(options: argparse.Namespace, root: Path) -> int:
    from hil.history.comparison import compare
    from hil.history.facts import read_facts
    from hil.history.pages import comparison_json, comparison_page
    from hil.history.words import comparison_lines

    after, before = (read_facts(Path(each).resolve()) for each in (options.run or root / LATEST_RUN, options.against))
    comparison = compare(after, before, common=options.common)
    if options.format == "html":
        text = comparison_page(comparison)
    elif options.format == "json":
        text = comparison_json(comparison)
    else:
        text = "\n".join(comparison_lines(comparison))
    print_or_write(text, options, root / "reports/comparison.html")
    return comparison.exit_code


_CERTIFICATE_OF_A_KEY = (
    "Make a certificate for a key of your own: openssl req -x509 -key {} -days 365 -subj '/CN=YOUR NAME' -out FILE"
)


def _signer(options: argparse.Namespace) -> PdfSigner | None:
    """Return who signs; None if the command line names no key. Raises ConfigurationError for half a signature."""
    given = [name for name in ("key", "key_certificate", "time_stamps") if getattr(options, name)]
    if not given:
        return None
    needed = {"key": "--key FILE", "key_certificate": "--key-certificate FILE"}
    missing = [] if options.certificate or options.pdf else ["--certificate or --pdf"]
    missing += [option for name, option in needed.items() if not getattr(options, name)]
    if missing:
        raise ConfigurationError(
            f"--{given[0].replace('_', '-')} asks for a signed PDF, which also needs {' and '.join(missing)}",
            remedy=None if options.key_certificate else _CERTIFICATE_OF_A_KEY.format(options.key or "KEY"),
        )
    from hil.report.pdf.signature import PdfSigner

    return PdfSigner(Path(options.key), Path(options.key_certificate), time_stamps=options.time_stamps)

"""``hil qualify``: known defects are put into devices, and the suite must find each."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.qualify.trial import Outcome


PAGE_MARKER = "<!-- what follows is written by hil qualify --page -->"


def add_qualify_command(commands: Any) -> None:
    """Add ``qualify`` to argparse's ``commands``."""
    qualify = commands.add_parser("qualify", help="put known defects into devices and see whether the suite finds them")
    qualify.add_argument("chosen", nargs="*", metavar="WORD", help="id, target, side or kind of defects (default: all)")
    qualify.add_argument("--list", action="store_true", help="list the defects and try none")
    qualify.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="trials at a time (default: %(default)s)"
    )
    qualify.add_argument("--node", help="bitcoind of each trial: docker or native (default: NODE, else native)")
    qualify.add_argument(
        "--killers-only", action="store_true", help="try the likely killers of each defect, not the rest of the suite"
    )
    qualify.add_argument("--html", metavar="FILE", help="write the table there as HTML")
    qualify.add_argument("--json", metavar="FILE", dest="json_file", help="write the outcomes there as JSON")
    qualify.add_argument("--results", metavar="FILE", nargs="+", help="try none; tell the outcomes in files of --json")
    qualify.add_argument("--page", metavar="FILE", help="put counts and survivors into a page, behind its marker")
    qualify.set_defaults(act=_qualify)


def _qualify(options: argparse.Namespace, _: list[str]) -> int:
    from hil.qualify.campaign import Tally, by_urgency, choose, run_campaign
    from hil.qualify.catalogue import load
    from hil.qualify.table import page, summary, write_html
    from hil.qualify.trial import Outcome

    if options.jobs < 1:
        raise ConfigurationError(f"{options.jobs} trials at a time are none; 1 or more are allowed", place="--jobs")
    root = Path.cwd()
    chosen = choose(iter(load(root)), options.chosen)
    if options.list:
        for target, defect in chosen:
            print(f"{defect.id}  ({target.target}, {defect.kind}, {defect.requirement}): {defect.wrong}")
        return ExitCode.PASS
    if options.results:
        documents = [json.loads(Path(name).read_text(encoding="utf-8")) for name in options.results]
        outcomes = by_urgency([Outcome.from_document(each) for document in documents for each in document])
    else:
        for file in filter(None, (options.json_file, options.html, options.page)):
            if not Path(file).parent.is_dir():
                raise ConfigurationError("there is no such folder", place=str(Path(file).parent))
        node = options.node or os.environ.get("NODE") or "native"
        outcomes = run_campaign(root, chosen, node, options.jobs, _tell, everything=not options.killers_only)
    print(summary(outcomes))
    if options.json_file:
        Path(options.json_file).write_text(_json(outcomes), encoding="utf-8")
    if options.html:
        write_html(outcomes, Path(options.html))
    if options.page:
        _put_into(Path(options.page), page(outcomes, {defect.id: defect.argued for _, defect in chosen}))
    return ExitCode.PASS if Tally.of(outcomes).enough else ExitCode.INCONCLUSIVE


def _tell(outcome: Outcome) -> None:
    where = f" by {outcome.scenario}" if outcome.scenario else ""
    print(f"{outcome.result:<12} {outcome.defect} ({outcome.seconds:.1f} s){where}", flush=True)


def _put_into(path: Path, text: str) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    kept, marker, _ = before.partition(PAGE_MARKER)
    path.write_text(f"{kept}{marker}\n\n{text}" if marker else text, encoding="utf-8")


def _json(outcomes: Sequence[Outcome]) -> str:
    return json.dumps([each.document() for each in outcomes], indent=1, ensure_ascii=False) + "\n"

"""``hil rig study``: measurement system analysis of a rig."""

from __future__ import annotations

import argparse
import getpass
import random
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.cli.laboratory import laboratory, shown
from hil.cli.runs.history import add_format_options, open_history, print_or_write
from hil.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from hil.errors import HilError
    from hil.rig.config.project import Project
    from hil.rig.config.rig_file import RigFile
    from hil.study.conduct import Conducted
    from hil.study.design import Design
    from hil.study.result import StudyResult

TEXT = "how well the rig measures: repeated measurements of a reference appliance, and which limits that can decide"
VIRTUAL_BENCHES = 3


def add_study_action(actions: Any) -> None:
    """Add ``study`` to argparse's ``actions`` of ``hil rig``."""
    study = actions.add_parser("study", help=TEXT, description=TEXT)
    study.add_argument("rig", metavar="RIG", help="rig file")
    study.add_argument("features", nargs="*", help="whose limits are held against it (default: features of [tool.hil])")
    study.add_argument("--levels", type=int, default=10, help="of the appliance's power (default: %(default)s)")
    study.add_argument("--trials", type=int, default=3, help="of each level in a session (default: %(default)s)")
    study.add_argument("--seconds", type=float, default=10.0, help="of power in a trial (default: 10)")
    study.add_argument("--benches", type=int, help="virtual benches, a session each (default: 3)")
    study.add_argument("--seed", type=int, help="repeat a study with its seed")
    study.add_argument("--operator", metavar="NAME", help="who is at the bench (default: the user of this machine)")
    study.add_argument("--node", help="bitcoind: auto, docker, native or external (default: NODE, else auto)")
    study.add_argument("--history", action="store_true", help="measure nothing: tell of the sessions in the history")
    add_format_options(study)
    study.set_defaults(act=_study)


def _study(options: argparse.Namespace, _: list[str]) -> int:
    from hil.rig.config.rig_file import RigFile
    from hil.study.design import design_for, require_a_study

    numbers = {name: getattr(options, name) for name in ("levels", "trials", "seconds")}
    require_a_study(**numbers)
    if options.benches is not None and options.benches < 1:
        raise ConfigurationError(f"{options.benches} benches measure nothing; 1 or more are allowed", place="--benches")
    project = laboratory()
    rig = RigFile.load(Path(options.rig))
    if not rig.virtual and options.benches not in (None, 1):
        what = f"rig '{rig.options.name}' is one bench; each study of it is a session of the history"
        raise ConfigurationError(what, place="--benches", remedy="Leave it out, and repeat the study on other days.")
    design = None if options.history else design_for(rig, **numbers)
    # what takes seconds to load comes when the words of the command are known to be good
    from hil.study.anova import require_statistics

    require_statistics()
    result, failure = _result(options, project, rig, design)
    if result is not None:
        _tell(result, options, project)
    if failure is not None:
        print(f"hil rig study: {failure}", file=sys.stderr)
        return failure.exit_code
    return result.exit_code if result is not None else ExitCode.NOTHING_RUN


def _result(
    options: argparse.Namespace, project: Project, rig: RigFile, design: Design | None
) -> tuple[StudyResult | None, HilError | None]:
    """Measure and analyse; return the result, if there is one, and what kept the study from its end.

    :param design: None: nothing is measured, the sessions of the history are analysed.
    """
    from hil.study.limits import declared_limits
    from hil.study.together import result_of

    limits, unknown = declared_limits(options.features or [shown(project.features)], project.steps, rig)
    with open_history(project) as history:
        earlier = history.studies.sessions(rig.options.name)
        if design is None:
            return result_of(rig, [], earlier, limits, unknown, all_together=True), None
        conducted = _conducted(options, project, rig, design)
        history.studies.add(conducted.sessions)
    if not conducted.sessions:
        return None, conducted.failure
    folder = shown(conducted.folder)
    together = not rig.virtual
    return (
        result_of(rig, conducted.sessions, earlier, limits, unknown, all_together=together, folder=folder),
        conducted.failure,
    )


def _conducted(options: argparse.Namespace, project: Project, rig: RigFile, design: Design) -> Conducted:
    from hil.report.all_reports import write_reports
    from hil.study.conduct import conduct

    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**31)
    words = ["hil", "rig", "study", options.rig, f"--levels={options.levels}", f"--trials={options.trials}"]
    benches = (options.benches or VIRTUAL_BENCHES) if rig.virtual else 1
    words += [f"--benches={benches}"] if rig.virtual else []
    again = shlex.join([*words, f"--seconds={options.seconds:g}", f"--seed={seed}"])
    conducted = conduct(
        project.root,
        rig,
        design,
        benches=benches,
        node=project.provider(options.node),
        seed=seed,
        operator=options.operator or getpass.getuser(),
        again=again,
        progress=lambda words: print(words, file=sys.stderr),
    )
    write_reports(conducted.folder)
    return conducted


def _tell(result: StudyResult, options: argparse.Namespace, project: Project) -> None:
    from hil.study.report.page import page
    from hil.study.report.words import as_json, lines

    if options.format == "text":
        text = "\n".join(lines(result))
    else:
        text = page(result) if options.format == "html" else as_json(result)
    print_or_write(text, options, project.root / f"reports/study-{_file_name(result.rig)}.html")
    if result.folder and options.format != "json":
        print(f"evidence: {result.folder}", file=sys.stderr)


def _file_name(rig: str) -> str:
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in rig)

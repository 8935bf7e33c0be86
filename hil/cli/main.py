"""``hil``: run, check, node, vbench, report. Exit codes are those of :class:`hil.errors.ExitCode`."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hil import __version__
from hil.cli.init import add_init_command
from hil.cli.laboratory import add_config_command, laboratory, shown
from hil.cli.readers import outlive_readers
from hil.errors import ConfigurationError, ExitCode, HilError, nearest

COLLECT_AFTER = 50_000
"""New objects before the garbage collector looks at them: what a command loads stays until it ends. The default of 700
has it look a thousand times, which takes a tenth of the start.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the command; returns the exit code."""
    gc.set_threshold(COLLECT_AFTER)
    lost = outlive_readers()
    try:
        return lost.code(_command(arguments))
    except SystemExit as end:  # argparse's, after a help text or for a wrong command line
        raise SystemExit(lost.code(end.code if isinstance(end.code, int) else ExitCode.PASS)) from None


def _command(arguments: Sequence[str] | None) -> int:
    options, rest = build_parser().parse_known_args(arguments)
    if rest and options.command != "run":
        build_parser().error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        _refuse_empty(options)
        code: int = options.act(options, rest)
    except HilError as error:
        print(f"hil {options.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as interrupted:
        print(f"hil {options.command}: interrupted by {str(interrupted) or 'Ctrl-C'}", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except Exception as error:
        from hil.evidence.own_error import last_words
        from hil.evidence.verdicts import exit_code_of, verdict_of

        verdict = verdict_of(error)
        print(f"hil {options.command}: {verdict}: {last_words(error)}", file=sys.stderr)
        return exit_code_of(verdict)
    return code


def _refuse_empty(options: argparse.Namespace) -> None:
    """Raise ConfigurationError for an empty text as an argument: taken for none, it would act on something else."""
    for name, value in vars(options).items():
        if any(isinstance(each, str) and not each.strip() for each in (value if isinstance(value, list) else [value])):
            raise ConfigurationError(
                "the value is empty; see whether a variable is not set, or leave it out", place=name.replace("_", "-")
            )


class _Parser(argparse.ArgumentParser):
    """Ends a wrong command line as the author's error; argparse's own code 2 means interrupted here."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(ExitCode.AUTHOR_ERROR, f"{self.prog}: {message}\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; docs/reference/commands.md is made from it."""
    parser = _Parser(prog="hil", description="Hardware-in-the-loop tests for thing-to-thing electricity payments.")
    parser.add_argument("--version", action="version", version=f"hil {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser(
        "run",
        help="run feature files on a rig; further options are pytest's",
        usage="hil run [-h] [--rig FILE] [--node PROVIDER] [--seed NUMBER] [pytest's options] [PATH ...]",
        epilog="PATH: a folder, a file, file:line or file::scenario (default: features and tests of [tool.hil])",
        allow_abbrev=False,  # what is not spelled out is for pytest
    )
    run.add_argument("--rig", help="rig file (default: rig of [tool.hil])")
    run.add_argument("--node", help="bitcoind: auto, docker, native or external (default: NODE, else auto)")
    run.add_argument("--seed", type=int, help="repeat a run with its seed")
    run.add_argument(
        "--requirement", action="append", metavar="ID", help="only scenarios that show it, e.g. REQ-BOOT-1"
    )
    run.add_argument("--acceptance", action="store_true", help="refuse a rig whose calibrations are not known to hold")
    run.set_defaults(act=_run)

    node = commands.add_parser("node", help="a bitcoind that outlives the command")
    node.add_argument("action", choices=("up", "info", "down"))
    node.add_argument("--provider", help="auto, docker or native (default: NODE, else auto)")
    node.set_defaults(act=_node)

    vbench = commands.add_parser("vbench", help="the virtual bench on its own")
    vbench.add_argument("action", choices=("up",))
    vbench.add_argument("--address", default="127.0.0.1", help="loopback address (default: %(default)s)")
    for role in ("meter", "load"):
        vbench.add_argument(f"--{role}", metavar="DIALECT", help=f"which {role} it has (default: as rigs/virtual.yaml)")
    vbench.add_argument(
        "--pty", metavar="NAME", action="append", default=[], help="an instrument or line with a PTY too"
    )
    vbench.add_argument(
        "--plug", metavar="LINE[=LINE]", action="append", default=[], help="a loop-back plug, or a crossed cable"
    )
    vbench.add_argument(
        "--lan",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="VISA's TCPIP::…::INSTR reaches its instruments, by VXI-11 and HiSLIP (default: it does)",
    )
    vbench.add_argument(
        "--inst0",
        choices=("meter", "load"),
        default="meter",
        help="which instrument is inst0 and hislip0 there: some clients ask no other (default: %(default)s)",
    )
    vbench.set_defaults(act=_vbench)

    from hil.cli.device import add_device_commands
    from hil.cli.doctor import add_doctor_command
    from hil.cli.evidence.commands import add_evidence_commands
    from hil.cli.evidence.signing import add_signing_commands
    from hil.cli.features import add_feature_commands
    from hil.cli.fleet import add_fleet_command
    from hil.cli.plugins import add_plugins_command
    from hil.cli.qualify import add_qualify_command
    from hil.cli.rig import add_rig_commands
    from hil.cli.runs.history import add_history_commands
    from hil.cli.runs.live import add_live_command
    from hil.cli.runs.note import add_note_command
    from hil.cli.runs.report import add_report_command
    from hil.cli.shell import add_shell_command

    add_live_command(commands)
    add_report_command(commands)
    add_note_command(commands)
    add_feature_commands(commands)
    add_device_commands(commands)
    add_doctor_command(commands)
    add_evidence_commands(commands)
    add_signing_commands(commands)
    add_qualify_command(commands)
    add_history_commands(commands)
    add_rig_commands(commands)
    add_fleet_command(commands)
    add_shell_command(commands)
    add_config_command(commands)
    add_init_command(commands)
    add_plugins_command(commands)
    return parser


def _run(options: argparse.Namespace, rest: list[str]) -> int:
    import pytest

    from hil.cli.runs.paths import LaboratoryPaths
    from hil.rig.config.project import find_project

    project = laboratory()
    if not any(map(_names_a_path, rest)):
        find_project(project.root)  # else pytest would find nothing to run, and not say why
    on_places = any(word.partition("=")[0] == "--place" for word in rest)
    if options.acceptance and not on_places:
        from hil.rig.check.calibration import refuse_expired
        from hil.rig.config.rig_file import RigFile

        rig = RigFile.load(Path(options.rig or shown(project.rig)))
        refuse_expired(rig, virtual=rig.virtual)
    # the plugins of hypothesis and labgrid take a second to load, and no scenario needs them: the rig opens labgrid's
    # target itself
    paths = LaboratoryPaths(project)
    arguments = [*paths.arguments, "-p", "no:hypothesispytest", "-p", "no:labgrid", *rest]
    for name in ("rig", "node", "seed"):
        value = getattr(options, name)
        if value is not None:
            arguments.append(f"--{name}={value}")  # as one word: pytest takes a path of its own for a folder of tests
    if options.acceptance and on_places:
        arguments.append("--acceptance")
    for requirement in options.requirement or ():
        arguments += ["--requirement", requirement]
    return int(pytest.main(arguments, plugins=[paths]))


def _names_a_path(word: str) -> bool:
    """Tell whether a word of the command line begins with the path of something that is there."""
    path = word.removeprefix("@").partition("::")[0]
    return any(Path(each).exists() for each in (path, path.partition(":")[0]) if each)


def _node(options: argparse.Namespace, _: list[str]) -> int:
    from hil.chain.node import persistent

    if options.action == "down":
        print("stopped" if persistent.down() else "no node was up")
        return ExitCode.PASS
    node = persistent.up(laboratory().provider(options.provider)) if options.action == "up" else persistent.info()
    if node is None:
        print("no node is up; start one with: hil node up")
        return ExitCode.NOTHING_RUN
    description = node.description
    print(f"{description.provider}: {description.subversion} at {node.endpoint.host}:{node.endpoint.port}, regtest")
    for note in description.notes:
        print(f"  {note}")
    print(f"ask it:   {node.command} getblockchaininfo")
    settings = " ".join(f"{name}={value}" for name, value in node.environment.items())
    print(f"use it:   {settings} hil run --node external")
    return ExitCode.PASS


def _vbench(options: argparse.Namespace, _: list[str]) -> int:
    """The bench takes over this process: its signals, output and exit code are the command's."""
    from hil.vbench.model_request import LINES

    laboratory()  # its virtual instruments are handed on
    terminals = ("meter", "load", *LINES)
    for name in options.pty:
        if name not in terminals:
            raise ConfigurationError(f"'{name}' cannot have a PTY{nearest(name, terminals)}", place="--pty")
    sys.stdout.flush()
    arguments = [sys.executable, "-m", "hil.vbench", "--address", options.address]
    arguments += [f"--{role}={name}" for role in ("meter", "load") if (name := getattr(options, role))]
    arguments += [f"--{option}={name}" for option in ("pty", "plug") for name in getattr(options, option)]
    arguments += ["--lan", "--inst0", options.inst0] if options.lan else []
    os.execv(sys.executable, arguments)  # noqa: S606 - our own program, no shell
    return ExitCode.INTERNAL_ERROR  # not reached: execv replaces this process or raises


if __name__ == "__main__":
    sys.exit(main())

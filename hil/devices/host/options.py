"""The command lines of ``hil device socket`` and ``hil device cable``. What they need is imported when they run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol


class Commands(Protocol):
    """What :meth:`argparse.ArgumentParser.add_subparsers` returns, as far as it is needed here."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002 - argparse's name
        """Add a command and return its parser."""


def add_program_commands(actions: Commands, find_plugins: Callable[[], object]) -> None:
    """Add ``socket`` and ``cable`` to the group ``device``.

    :param find_plugins: lets the plug-ins of the laboratory be found; called if a plug-in is named.
    """
    for role, does in (("socket", "sells power"), ("cable", "buys power")):
        parser = actions.add_parser(role, help=f"the reference {role}, in real time: {does}")
        parser.add_argument("--link", required=True, metavar="PATH", help="serial port of the link, 115200 8N1")
        parser.add_argument("--console", default="-", metavar="PATH", help="serial port of the console, - for stdout")
        parser.add_argument(
            "--meter", required=True, metavar="METER", help="pzem:/PATH or pzem+tcp://HOST:PORT/UNIT (PZEM-004T v3)"
        )
        parser.add_argument("--storage", required=True, metavar="FOLDER", help="keeps what must survive a power cut")
        parser.add_argument(
            "--profile", required=True, metavar="FILE", help="YAML, readable by its owner only; - for stdin"
        )
        parser.add_argument(
            "--passphrase-file", metavar="FILE", help="passphrase of the account in the storage, if it has one"
        )
        if role == "socket":
            parser.add_argument("--relay", required=True, metavar="RELAY", help="gpio:PIN or modbus:HOST:PORT/COIL")
            parser.add_argument(
                "--ledger",
                metavar="FILE",
                help="URL of the node or Electrum server, readable by its owner only (default: HIL_DEVICE_LEDGER)",
            )
            parser.add_argument(
                "--ledger-view",
                metavar="NAME",
                help="node, spv, api, or one of hil plugins (default: HIL_DEVICE_LEDGER_VIEW, else node)",
            )
        parser.add_argument(
            "program",
            nargs="*",
            metavar="WORD",
            help="behind --: a program that speaks the lockstep device protocol, in place of the reference firmware",
        )
        parser.set_defaults(act=_run, role=role, find_plugins=find_plugins)


def _run(options: argparse.Namespace, _: list[str]) -> int:
    from hil.devices.host.command import DeviceOptions, run_device

    view = getattr(options, "ledger_view", None)
    if view is not None:
        options.find_plugins()
    return run_device(
        DeviceOptions(
            role=options.role,
            link=options.link,
            console=options.console,
            relay=getattr(options, "relay", None),
            meter=options.meter,
            storage=options.storage,
            profile=options.profile,
            ledger=getattr(options, "ledger", None),
            ledger_view=view,
            passphrase_file=options.passphrase_file,
            program=tuple(options.program),
        )
    )

"""``hil device``: the reference devices as programs of their own, and the backup of their accounts."""

from __future__ import annotations

import argparse
import sys
from typing import Protocol

from hil.cli.laboratory import laboratory
from hil.devices.host.options import add_program_commands
from hil.errors import ExitCode


class Commands(Protocol):
    """What :meth:`argparse.ArgumentParser.add_subparsers` returns, as far as a command group needs it."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser: ...  # noqa: A002 - argparse's name


def add_device_commands(commands: Commands) -> None:
    """Add the group ``device``; each of its commands sets ``act(options, rest) -> exit code``.

    Called for every ``hil`` command line: what a command needs is imported when it runs, not here.
    """
    device = commands.add_parser("device", help="the reference devices: run them, back up and restore their accounts")
    actions = device.add_subparsers(dest="device_command", required=True, metavar="ACTION")
    _add_account_commands(actions)
    add_program_commands(actions, laboratory)
    lockstep = actions.add_parser("lockstep", help="a reference device in step with a bench, for a rig file's command")
    lockstep.set_defaults(act=_lockstep)


def _lockstep(options: argparse.Namespace, _: list[str]) -> int:
    from hil.devices.host.in_lockstep import run_in_lockstep

    return run_in_lockstep()


def _add_account_commands(actions: Commands) -> None:
    backup = actions.add_parser("backup", help="tell the words of a device's account")
    backup.add_argument("folder", help="storage of the device, which must not run")
    backup.add_argument("--output", metavar="FILE", help="write the words to a new file for its owner only (0600)")
    backup.set_defaults(act=_backup)

    restore = actions.add_parser("restore", help="put an account into a device's storage, from its words")
    restore.add_argument("folder", help="storage of the device, which must not run")
    restore.add_argument("--input", metavar="FILE", help="read the words from a file, - stdin (default: ask for them)")
    restore.add_argument("--passphrase", action="store_true", help="the account has a passphrase: ask for it")
    restore.add_argument(
        "--passphrase-file", metavar="FILE", help="file of its passphrase (default: HIL_DEVICE_PASSPHRASE_FILE)"
    )
    restore.add_argument("--first-index", type=int, metavar="NUMBER", help="addresses used so far (default: far ahead)")
    restore.add_argument("--replace", action="store_true", help="overwrite another account if all of it is settled")
    restore.set_defaults(act=_restore)

    address = actions.add_parser("address", help="tell where coins for a device go, for coins_to of a rig file")
    address.add_argument("folder", help="storage of the device, which must not run")
    address.add_argument(
        "--passphrase-file", metavar="FILE", help="file of its passphrase (default: HIL_DEVICE_PASSPHRASE_FILE)"
    )
    address.set_defaults(act=_address)


def _address(options: argparse.Namespace, _: list[str]) -> int:
    from hil.devices.storage.account_command import tell_address

    tell_address(options.folder, options.passphrase_file, print)
    return ExitCode.PASS


def _backup(options: argparse.Namespace, _: list[str]) -> int:
    from hil.devices.storage.account_command import backup

    backup(options.folder, options.output, print, terminal=sys.stdout.isatty())
    return ExitCode.PASS


def _restore(options: argparse.Namespace, _: list[str]) -> int:
    from hil.devices.storage.account_command import restore

    restore(options, print)
    return ExitCode.PASS

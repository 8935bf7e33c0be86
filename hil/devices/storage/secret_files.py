"""Secrets between a device's owner and its program: from a hidden prompt or a private file, never from an argument."""

from __future__ import annotations

import contextlib
import getpass
import os
import stat
import sys
from pathlib import Path

from hil.errors import ConfigurationError

PASSPHRASE_VARIABLE = "HIL_DEVICE_PASSPHRASE_FILE"  # noqa: S105 - a name, no secret
"""The environment variable that may name the file of the account's passphrase."""


def read_secret(path: str) -> str:
    """Return the text of a file that only its owner can read, ``-`` for standard input; raises ConfigurationError."""
    try:
        if path == "-":
            return sys.stdin.read()
        with Path(path).open(encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise ConfigurationError(
                    "holds a secret and others may read it", place=path, remedy=f"chmod 600 {path}"
                )
            return file.read()
    except OSError as error:
        raise ConfigurationError(f"cannot be read ({error.strerror})", place=path) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"cannot be read (no UTF-8: {error.reason})", place=path) from None


def write_secret(path: str, text: str) -> None:
    """Write a new file that only its owner can read (0600) and flush it; raises ConfigurationError if there is one."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(file, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(path)  # half a backup is worse than none
            raise
    except OSError as error:
        raise ConfigurationError(
            f"cannot be written ({error.strerror})", place=path, remedy="Name a new file in a folder of your own."
        ) from None


def ask_secret(what: str, otherwise: str) -> str:
    """Ask for a secret at the terminal, without showing it; ``otherwise`` tells how to do without a terminal."""
    if not sys.stdin.isatty():
        raise ConfigurationError(f"cannot ask for the {what}: there is no terminal", remedy=otherwise)
    return getpass.getpass(f"{what}: ")


def read_passphrase(path: str | None, *, ask: bool = False, new: bool = False) -> str:
    """Return the passphrase of an account: the first line of a file, of a prompt, or "" for none.

    The file is ``path``, else what HIL_DEVICE_PASSPHRASE_FILE names.

    :param ask: prompt for it. :param new: and prompt again, since any passphrase gives an account.
    """
    if ask:
        given = ask_secret("passphrase", "Use --passphrase-file FILE.")
        if new and ask_secret("passphrase again", "Use --passphrase-file FILE.") != given:
            raise ConfigurationError("the passphrases differ", remedy="Try again.")
        return given
    path = path or os.environ.get(PASSPHRASE_VARIABLE)
    return read_secret(path).split("\n", 1)[0].rstrip("\r") if path else ""

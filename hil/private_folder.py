"""A folder that one program sees with a file system of its own on it, which can be made full or read-only.

For the storage of a device that is a program in any language: what it gets is what any full or read-only disk gives.
Linux only, without root where the machine allows user namespaces (mount_namespaces(7), user_namespaces(7)).
"""

from __future__ import annotations

import functools
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hil import private_folder_holder
from hil.child_process import ChildProcess
from hil.errors import RigFault

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWER_S: Final = 10.0
"""Longest wall time for one answer of the holder, its start included; it takes some milliseconds."""


class PrivateFolder:
    """A file system in memory (64 MiB) on ``folder``, which exists; only programs that join it see it.

    :ivar storage: the folder in it for what is stored.
    :raises OSError: this machine does not allow it.
    """

    def __init__(self, folder: Path) -> None:
        self.storage = folder / private_folder_holder.STORAGE
        holder = [sys.executable, "-I", "-S", str(Path(private_folder_holder.__file__)), str(folder)]
        self._holder = ChildProcess(
            "holder of a storage", holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, dies_with_parent=True
        )
        answer = self._answer()
        if answer != "ready":
            self.close()
            raise OSError(answer or "the holder of the mount did not start")
        # its process id is that of setpriv, which became the holder
        self._namespaces = [f"--target={self._holder.pid}", "--mount"]
        if os.readlink(f"/proc/{self._holder.pid}/ns/user") != os.readlink("/proc/self/ns/user"):
            self._namespaces += ["--user", "--preserve-credentials"]

    def joining(self, words: Sequence[str], folder: Path) -> list[str]:
        """Return the command that runs ``words`` in ``folder``, as a program that sees the storage.

        Who joins a user namespace loses what ties it to its parent; so it is tied anew.
        """
        enter = ["nsenter", *self._namespaces, "--", "env", "-C", str(folder)]
        return [*enter, "setpriv", "--pdeathsig", "KILL", "--", *words]

    def tell(self, word: str) -> None:
        """Let the file system do what ``private_folder_holder`` says of this word; raises RigFault if it cannot."""
        self._holder.stdin.write(f"{word}\n".encode())
        self._holder.stdin.flush()
        answer = self._answer()
        if answer != "done":
            raise RigFault(
                f"the storage cannot be made '{word}': {answer or 'its holder has ended'}",
                place="virtual bench",
                remedy="While the program holds a file open for writing, its storage cannot become read-only.",
            )

    def close(self) -> None:
        """End the holder; what was stored is gone when the programs that joined have ended, too. Idempotent."""
        self._holder.kill()
        self._holder.end()

    def _answer(self) -> str:
        """Return the holder's next line without ``failed``; empty if none comes."""
        output = self._holder.stdout.fileno()
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([output], [], [], ANSWER_S)
            more = os.read(output, 1 << 10) if ready else b""
            if not more:
                return ""
            line += more
        return line.decode().strip().removeprefix("failed ")


@functools.cache
def why_unavailable() -> str:
    """Return why this machine allows no such folder; empty if it does."""
    with tempfile.TemporaryDirectory(prefix="hil-mount-") as folder:
        try:
            PrivateFolder(Path(folder)).close()
        except OSError as error:
            return f"this machine allows no mount namespace ({error})"
    return ""

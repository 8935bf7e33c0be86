"""The file operations of a device's ``FileStorage``, one method each, so that tests can cut any."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES = 1 << 20
"""More than any record: the longest is a session with its transaction, some kilobytes."""


class Folder(Protocol):
    """Files in one folder, by plain name. Every method may raise OSError."""

    def lock(self, name: str) -> None:
        """Take the folder for this process until ``release``; BlockingIOError if another has it."""

    def release(self) -> None:
        """Give up the lock and the folder."""

    def names(self) -> list[str]:
        """Return the names of all files."""

    def read(self, name: str) -> bytes | None:
        """Return what is in the file, cut off behind ``MAX_FILE_BYTES``; None if there is none."""

    def create(self, name: str) -> int:
        """Open a new file, readable by its owner only, for writing; FileExistsError if there is one."""

    def write(self, file: int, data: bytes) -> int:
        """Write some of ``data`` and return how many bytes."""

    def sync(self, file: int) -> None:
        """Return when what was written to the file survives a power cut."""

    def close(self, file: int) -> None:
        """Close the file."""

    def rename(self, old: str, new: str) -> None:
        """Give the file another name, in one step in place of the file that had it."""

    def remove(self, name: str) -> None:
        """Remove the file."""

    def sync_names(self) -> None:
        """Return when all that was created, renamed and removed survives a power cut."""


class DiskFolder:
    """A folder of the file system; made if it is missing, for its owner only (0700, files 0600)."""

    def __init__(self, path: Path) -> None:
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        else:
            above = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(above)
            finally:
                os.close(above)
        self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self._lock: int | None = None
        try:
            if os.fstat(self._folder).st_mode & 0o077:
                os.fchmod(self._folder, 0o700)
        except OSError:
            os.close(self._folder)
            raise

    def lock(self, name: str) -> None:
        """Take the folder for this process until ``release``; BlockingIOError if another has it."""
        # a file open for writing would keep the file system from being mounted read-only
        lock = os.open(name, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._folder)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def release(self) -> None:
        """Give up the lock and the folder; raises nothing."""
        for file in (self._lock, self._folder):
            if file is not None:
                with contextlib.suppress(OSError):
                    os.close(file)
        self._lock, self._folder = None, -1

    def names(self) -> list[str]:
        """Return the names of all files."""
        return os.listdir(self._folder)

    def read(self, name: str) -> bytes | None:
        """Return what is in the file, cut off behind ``MAX_FILE_BYTES``; None if there is none."""
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._folder)
        except FileNotFoundError:
            return None
        with os.fdopen(file, "rb") as stream:
            return stream.read(MAX_FILE_BYTES)

    def create(self, name: str) -> int:
        """Open a new file (0600) for writing; FileExistsError if there is one."""
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self._folder)

    def write(self, file: int, data: bytes) -> int:
        """Write some of ``data`` and return how many bytes."""
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Return when what was written to the file survives a power cut."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Close the file."""
        os.close(file)

    def rename(self, old: str, new: str) -> None:
        """Give the file another name, in one step in place of the file that had it."""
        os.rename(old, new, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def remove(self, name: str) -> None:
        """Remove the file."""
        os.unlink(name, dir_fd=self._folder)

    def sync_names(self) -> None:
        """Return when all that was created, renamed and removed survives a power cut."""
        os.fsync(self._folder)

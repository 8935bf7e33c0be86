"""A device's records in a folder of files: what was written survives a power cut at any instant.

The model. Every record is kept in two copies, ``NAME.a`` and ``NAME.b``, each with a generation number (1 for the
first write, one more for each) and a SHA-256 over name, generation and content. A write makes both anew: each goes to
a file of its own, which is flushed to the medium and only then renamed over the old copy; then the folder is flushed;
then the write returns (is *acknowledged*). From that follows, for a medium that keeps what it has confirmed:

- A power cut never damages a copy. It leaves each at the old or at the new generation, so reading yields the record
  acknowledged last or the one that was being written, and nothing else.
- **Each copy is at least as new as the newest acknowledged record.** So a copy that is damaged or gone (bit rot, a lost
  sector) is recovered from the other, of any generation: that never takes back what was acknowledged.
- Two whole copies of different generations are what a cut during a write leaves. The newer counts. Before anybody
  sees it, the older is replaced by it, so that a record once read is not taken back either.
- Both copies damaged, one damaged and the other gone, or two different records of one generation: nobody can tell
  what was acknowledged, and TornRecord is raised on each reading and writing of that record. Nothing is overwritten.

Not noticed: both copies gone, or the whole folder put back to an older state from a copy. Do not copy such a folder
back: an old number of addresses offers addresses twice. Words of a backup are restored otherwise (account_store).

An operation that fails before the first rename has changed nothing, and the storage goes on (a full disk). One that
fails later leaves open what is on the medium: the storage refuses everything until it is opened anew.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.devices.storage.folder import MAX_FILE_BYTES, DiskFolder, Folder
from hil.devices.storage.journal import TornRecord
from hil.errors import RigFault

if TYPE_CHECKING:
    from types import TracebackType

_MAGIC = b"HILREC1\n"
_HEAD_BYTES = len(_MAGIC) + 8 + 32
_COPIES = ("a", "b")
_LOCK = "lock"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9 _-]{0,62}[a-z0-9])?")
_FILE = re.compile(rf"({_NAME.pattern})\.[ab](\.new)?")

MAX_RECORD_BYTES = MAX_FILE_BYTES - _HEAD_BYTES - 1
_TORN_REMEDY = (
    "Keep the folder for a search of what it holds, and restore the account from its words into a new folder"
    " (hil device restore)."
)


@dataclass(frozen=True)
class _Copy:
    generation: int
    record: bytes


class FileStorage:
    """Implements :class:`hil.devices.board.Storage` in ``folder``, which it holds until ``close``.

    The folder is made if it is missing; see above for what is promised.

    :param disk: the operations on the folder; default is the file system.
    :param place: how errors name the folder; default is its path.
    :raises RigFault: the folder cannot be used: held by another process, read-only, full, or failing.
    """

    def __init__(self, folder: Path, disk: Folder | None = None, *, place: str = "") -> None:
        self._place = place or str(folder)
        self._uncertain = ""
        self.repaired: list[str] = []
        """The files that were found damaged or gone and were made anew from the other copy."""
        with self._faults("use the folder"):
            self._disk = disk if disk is not None else DiskFolder(folder)
        try:
            self._take()
        except BaseException:
            self._disk.release()
            raise

    def __enter__(self) -> FileStorage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the folder to others; the storage is not to be used any more."""
        self._uncertain = "it was closed"
        self._disk.release()

    def read(self, name: str) -> bytes | None:
        """Return the record, None if it was never written; raises TornRecord, RigFault."""
        newest = self._newest(name)
        return newest.record if newest is not None else None

    def write(self, name: str, record: bytes) -> None:
        """Return when the record survives a power cut; raises TornRecord, RigFault (see above)."""
        if len(record) > MAX_RECORD_BYTES:
            raise ValueError(f"record '{name}' has {len(record)} bytes; at most {MAX_RECORD_BYTES} are allowed")
        before = self._newest(name)
        copy = _Copy(before.generation + 1 if before is not None else 1, bytes(record))
        self._put(name, copy, _COPIES)

    def names(self) -> list[str]:
        """Return the names of all records, damaged ones too; raises RigFault."""
        self._must_be_certain()
        with self._faults("list the folder"):
            matches = [_FILE.fullmatch(name) for name in self._disk.names()]
        return sorted({match[1] for match in matches if match and not match[2]})

    def remove(self, name: str) -> None:
        """Return when the record is gone for good; a power cut leaves it as it was or gone. Raises RigFault."""
        if self._newest(name) is None:
            return
        with self._unless_uncertain(f"removing record '{name}'"):
            for suffix in _COPIES:
                self._disk.remove(f"{name}.{suffix}")
            self._disk.sync_names()

    def _take(self) -> None:
        with self._faults("lock the folder"):
            try:
                self._disk.lock(_LOCK)
            except BlockingIOError:
                raise RigFault(
                    "the folder is in use by another process", place=self._place, remedy="End that program first."
                ) from None
        with self._faults("clear the folder"):
            for name in self._disk.names():
                match = _FILE.fullmatch(name)
                if match and match[2]:
                    self._disk.remove(name)  # of a write that was cut: never acknowledged
        # a program may have ended between renaming and flushing: what is read from now on must stay
        with self._faults("flush the folder"):
            self._disk.sync_names()
        for name in self.names():
            with contextlib.suppress(TornRecord):  # told when that record is asked for; the others are served
                self._newest(name)

    def _newest(self, name: str) -> _Copy | None:
        """Return the newest copy after making both alike."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"'{name}' is no name of a record: a-z and 0-9, and '-', '_' and ' ' between them")
        self._must_be_certain()
        with self._faults(f"read record '{name}'"):
            files = {suffix: self._disk.read(f"{name}.{suffix}") for suffix in _COPIES}
        copies = {suffix: _unpacked(name, data) for suffix, data in files.items() if data is not None}
        whole = [copy for copy in copies.values() if copy is not None]
        if not whole:
            if copies:
                raise self._torn(name, "is damaged in all its copies")
            return None
        newest = max(whole, key=lambda copy: copy.generation)
        if any(copy.generation == newest.generation and copy.record != newest.record for copy in whole):
            raise self._torn(name, f"has two copies of generation {newest.generation} that differ")
        behind = [suffix for suffix in _COPIES if copies.get(suffix) != newest]
        if behind:
            self._put(name, newest, behind)
            self.repaired += [f"{name}.{suffix}" for suffix in behind if copies.get(suffix) is None]
        return newest

    def _put(self, name: str, copy: _Copy, suffixes: tuple[str, ...] | list[str]) -> None:
        packed = _packed(name, copy)
        with self._faults(f"write record '{name}'"):
            try:
                for suffix in suffixes:
                    self._fill(f"{name}.{suffix}.new", packed)
            except OSError:
                for suffix in suffixes:
                    with contextlib.suppress(OSError):
                        self._disk.remove(f"{name}.{suffix}.new")
                raise
        with self._unless_uncertain(f"writing record '{name}'"):
            for suffix in suffixes:
                self._disk.rename(f"{name}.{suffix}.new", f"{name}.{suffix}")
            self._disk.sync_names()

    def _fill(self, name: str, data: bytes) -> None:
        try:
            file = self._disk.create(name)
        except FileExistsError:  # left by a failed write; truncating could hit a copy if a rename was half done
            self._disk.remove(name)
            file = self._disk.create(name)
        try:
            left = memoryview(data)
            while left:
                written = self._disk.write(file, bytes(left))
                if written <= 0:
                    raise OSError(errno.EIO, "nothing was written")
                left = left[written:]
            self._disk.sync(file)
        finally:
            self._disk.close(file)

    @contextlib.contextmanager
    def _unless_uncertain(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._uncertain = f"{what} failed ({error.strerror or error})"
            self._must_be_certain()

    def _must_be_certain(self) -> None:
        if self._uncertain:
            raise RigFault(
                f"the storage cannot be used any more: {self._uncertain}",
                place=self._place,
                remedy="Check the medium, then start the device again.",
            )

    @contextlib.contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            remedies = {
                errno.ENOSPC: "Make room on the medium.",
                errno.EDQUOT: "Make room on the medium.",
                errno.EROFS: "Mount it for writing.",
                errno.EACCES: "Give the folder to the user who runs the device.",
                errno.EPERM: "Give the folder to the user who runs the device.",
                errno.ENOENT: "Make the folder above it first.",
            }
            why = error.strerror or str(error)
            remedy = remedies.get(error.errno or 0, "Check the medium and the path.")
            raise RigFault(f"cannot {what}: {why}", place=self._place, remedy=remedy) from None

    def _torn(self, name: str, how: str) -> TornRecord:
        return TornRecord(f"record '{name}' {how}", place=self._place, remedy=_TORN_REMEDY)


def _packed(name: str, copy: _Copy) -> bytes:
    generation = copy.generation.to_bytes(8, "big")
    return _MAGIC + generation + _digest(name, generation, copy.record) + copy.record


def _unpacked(name: str, data: bytes) -> _Copy | None:
    """Return the copy, None if it is damaged."""
    generation, digest, record = data[8:16], data[16:_HEAD_BYTES], data[_HEAD_BYTES:]
    if data[:8] != _MAGIC or _digest(name, generation, record) != digest:
        return None
    return _Copy(int.from_bytes(generation, "big"), record)


def _digest(name: str, generation: bytes, record: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + generation + record).digest()

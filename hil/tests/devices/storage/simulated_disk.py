"""A folder in memory that can lose its power at any operation, and keeps only what a real medium must keep.

Content that was not flushed is lost, torn or zeros; names that were not flushed are lost in any combination, and of a
rename the new name may stand while the old one does too. Everything that was flushed stays.
"""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

EVERYTHING = "names and contents as they were last"


class PowerCut(BaseException):
    """No program can catch this by ``except Exception``: power is gone."""


@dataclass(eq=False)
class _File:
    data: bytes = b""
    flushed: bytes = b""

    def remains(self) -> list[bytes]:
        """Return all that a power cut may leave of the content."""
        if self.data == self.flushed:
            return [self.data]
        return list(dict.fromkeys([self.flushed, self.data, self.data[: len(self.data) // 2], bytes(len(self.data))]))


@dataclass
class _Change:
    """Of the names; ``old`` is what a rename takes away."""

    name: str
    file: _File | None
    old: str | None = None

    def ways(self) -> int:
        return 2 if self.old is None else 3

    def apply(self, names: dict[str, _File], way: int) -> None:
        if way == 0:
            return
        if self.file is None:
            names.pop(self.name, None)
        else:
            names[self.name] = self.file
        if self.old is not None and way == 1:
            names.pop(self.old, None)


@dataclass
class SimulatedDisk:
    """Implements :class:`hil.devices.storage.folder.Folder`."""

    files: dict[str, _File] = field(default_factory=dict)
    before: Callable[[int], None] = lambda number: None
    """Called before each operation that changes something, with its number from 0; may raise PowerCut or OSError."""
    operations: int = 0
    torn_write: int | None = None
    """The number of the operation that is cut after the first half of a write."""

    def __post_init__(self) -> None:
        self._flushed_names = dict(self.files)
        self._pending: list[_Change] = []
        self._open: dict[int, _File] = {}
        self._numbers = itertools.count(3)
        self.locked = False
        self.writes: set[int] = set()
        """The numbers of the operations that were writes."""

    def _count(self) -> int:
        number = self.operations
        self.operations += 1
        self.before(number)
        return number

    def lock(self, name: str) -> None:
        if self.locked:
            raise BlockingIOError(errno.EWOULDBLOCK, "locked")
        self.locked = True

    def release(self) -> None:
        self.locked = False

    def names(self) -> list[str]:
        return list(self.files)

    def read(self, name: str) -> bytes | None:
        return self.files[name].data if name in self.files else None

    def create(self, name: str) -> int:
        self._count()
        if name in self.files:
            raise FileExistsError(errno.EEXIST, "File exists")
        self._change(_Change(name, _File()))
        number = next(self._numbers)
        self._open[number] = self.files[name]
        return number

    def write(self, file: int, data: bytes) -> int:
        number = self._count()
        self.writes.add(number)
        taken = data[: max(64, len(data) // 2)]  # a longer write is a short one, the rest comes in the next
        self._open[file].data += taken
        if number == self.torn_write:
            raise PowerCut
        return len(taken)

    def sync(self, file: int) -> None:
        self._count()
        self._open[file].flushed = self._open[file].data

    def close(self, file: int) -> None:
        del self._open[file]

    def rename(self, old: str, new: str) -> None:
        self._count()
        self._change(_Change(new, self.files[old], old))

    def remove(self, name: str) -> None:
        self._count()
        if name not in self.files:
            raise FileNotFoundError(errno.ENOENT, "No such file")
        self._change(_Change(name, None))

    def sync_names(self) -> None:
        self._count()
        self._flushed_names = dict(self.files)
        self._pending = []

    def _change(self, change: _Change) -> None:
        self._pending.append(change)
        change.apply(self.files, 1)

    # --- what is left ---

    def outcomes(self) -> Iterator[SimulatedDisk]:
        """Yield every disk that a power cut now may leave."""
        for ways in itertools.product(*(range(change.ways()) for change in self._pending)):
            names = self._names_after(ways)
            for contents in itertools.product(*(file.remains() for file in names.values())):
                yield _rebuilt(names, contents)

    def outcome(self, choose: Callable[[int], int]) -> SimulatedDisk:
        """Return one of them; ``choose(count)`` picks 0 to count - 1 for each thing that is open."""
        names = self._names_after([choose(change.ways()) for change in self._pending])
        left = [file.remains() for file in names.values()]
        return _rebuilt(names, [remains[choose(len(remains))] for remains in left])

    def _names_after(self, ways: Sequence[int]) -> dict[str, _File]:
        names = dict(self._flushed_names)
        for change, way in zip(self._pending, ways, strict=True):
            change.apply(names, way)
        return names

    def process_ended(self) -> None:
        """The program is gone, the power is not: what was done is there, but no more is flushed than before."""
        self._open.clear()
        self.locked = False

    def damage(self, name: str, bit: int) -> None:
        file = self.files[name]
        place = bit % (8 * len(file.data))
        changed = bytearray(file.data)
        changed[place // 8] ^= 1 << place % 8
        self.files[name].data = self.files[name].flushed = bytes(changed)


def _rebuilt(names: dict[str, _File], contents: Sequence[bytes]) -> SimulatedDisk:
    # two names of one file stay two names of one file
    files = {id(file): _File(data, data) for file, data in zip(names.values(), contents, strict=True)}
    return SimulatedDisk({name: files[id(file)] for name, file in names.items()})


def cut_before(number: int) -> Callable[[int], None]:
    """Return a ``before`` that cuts the power before operation ``number``."""

    def before(at: int) -> None:
        if at == number:
            raise PowerCut

    return before


def fail_at(number: int, code: int, text: str) -> Callable[[int], None]:
    """Return a ``before`` whose operations from ``number`` on fail as the operating system says it."""

    def before(at: int) -> None:
        if at >= number:
            raise OSError(code, text)

    return before

"""Where a light view keeps its header chain: in memory, in a file, or in a device's records.

None of them needs to be written whole at once: a chain is checked from block 0 on whenever it is loaded, so what a
power cut left half done is dropped and loaded from the server again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol

from hil.errors import RigFault

_SIZE: Final = 80
CHUNK: Final = 2016
"""Headers in one record: 161 280 bytes, one period of the difficulty. A new block writes the last record again."""


class HeaderStore(Protocol):
    """Keeps headers by height."""

    def load(self) -> bytes:
        """Return what is kept, from height 0 on; a part of a header at the end is left out."""

    def put(self, height: int, headers: bytes) -> None:
        """Keep ``headers`` from ``height`` on, and nothing above them."""

    def size(self) -> int:
        """Return the bytes that it takes."""


class Records(Protocol):
    """The storage of a device (:class:`hil.devices.board.Storage`)."""

    def read(self, name: str) -> bytes | None:
        """Return the record of that name; None if there is none."""

    def write(self, name: str, record: bytes) -> None:
        """Store a record; it replaces one of that name."""


class MemoryHeaders:
    """Keeps headers as long as the process lives: each start is a cold one."""

    def __init__(self) -> None:
        self._headers = bytearray()

    def load(self) -> bytes:
        """See :class:`HeaderStore`."""
        return bytes(self._headers)

    def put(self, height: int, headers: bytes) -> None:
        """See :class:`HeaderStore`."""
        del self._headers[height * _SIZE :]
        self._headers += headers

    def size(self) -> int:
        """See :class:`HeaderStore`."""
        return len(self._headers)


class FileHeaders:
    """Keeps headers in one file, 80 bytes each; made if it is missing. Raises RigFault if it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> bytes:
        """See :class:`HeaderStore`."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._fault("read", error) from error
        return content[: len(content) - len(content) % _SIZE]

    def put(self, height: int, headers: bytes) -> None:
        """See :class:`HeaderStore`."""
        try:
            with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                file.seek(height * _SIZE)
                file.truncate()
                file.write(headers)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._fault("written", error) from error

    def size(self) -> int:
        """See :class:`HeaderStore`."""
        return self._path.stat().st_size if self._path.exists() else 0

    def _fault(self, what: str, error: OSError) -> RigFault:
        return RigFault(f"the header chain cannot be {what} ({error.strerror})", place=str(self._path))


class RecordHeaders:
    """Keeps headers in the records ``headers 0``, ``headers 1`` … of a device's storage, 2016 in each."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._chunks: list[bytes] = []

    def load(self) -> bytes:
        """See :class:`HeaderStore`."""
        self._chunks = []
        while record := self._records.read(self._name(len(self._chunks))):
            self._chunks.append(record)
            if len(record) != CHUNK * _SIZE:
                break
        content = b"".join(self._chunks)
        return content[: len(content) - len(content) % _SIZE]

    def put(self, height: int, headers: bytes) -> None:
        """See :class:`HeaderStore`."""
        first, within = divmod(height, CHUNK)
        kept = self._chunks[first][: within * _SIZE] if first < len(self._chunks) else b""
        content = kept + headers
        fresh = [content[at : at + CHUNK * _SIZE] for at in range(0, len(content), CHUNK * _SIZE)]
        for number in range(first + len(fresh), len(self._chunks)):
            self._records.write(self._name(number), b"")
        for offset, record in enumerate(fresh):
            self._records.write(self._name(first + offset), record)
        self._chunks[first:] = fresh

    def size(self) -> int:
        """See :class:`HeaderStore`."""
        return sum(len(record) for record in self._chunks)

    @staticmethod
    def _name(number: int) -> str:
        return f"headers {number}"

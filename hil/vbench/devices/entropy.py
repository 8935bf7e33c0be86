"""Random bytes of a device on the virtual bench."""

from __future__ import annotations

import hashlib


class Entropy:
    """Random bytes of a device on the virtual bench: SHA-256 over the seed, the role and a counter."""

    def __init__(self, seed: str, role: str) -> None:
        self._key = hashlib.sha256(f"{role}\0{seed}".encode()).digest()
        self._counter = 0
        self._rest = b""

    def __call__(self, count: int) -> bytes:
        while len(self._rest) < count:
            self._rest += hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
        data, self._rest = self._rest[:count], self._rest[count:]
        return data

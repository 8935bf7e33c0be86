"""A call that may hang, made in a thread of its own, so that the caller waits as long as it likes."""

from __future__ import annotations

import threading
from collections.abc import Callable


class BoundedCall:
    """Begins ``call`` at once. The thread does not keep the process from ending."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._do, name="bounded call", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait up to so many seconds for its end; tell whether it has ended, well or not."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> None:
        """Raise what the call raised; only after its end."""
        if self._problem is not None:
            raise self._problem

    def _do(self) -> None:
        try:
            self._call()
        except Exception as error:  # whatever it is, it is raised where the result is asked for
            self._problem = error

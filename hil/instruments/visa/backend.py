"""The VISA libraries that carry instruments: pyvisa-py, or another backend that the rig file names."""

from __future__ import annotations

import threading
from pathlib import Path

import pyvisa

from hil.errors import ConfigurationError

OWN_BACKEND = "@py"
"""pyvisa-py, whose lines are watched (``raw_socket``, ``serial_line``)."""

_manager_lock = threading.Lock()
_managers: dict[str, pyvisa.ResourceManager] = {}


def resource_manager(backend: str = OWN_BACKEND) -> pyvisa.ResourceManager:
    """Return the one VISA resource manager of this process for a backend; pyvisa closes it at exit.

    :param backend: as pyvisa takes it: ``@py``, ``@ivi``, ``@sim``, with a library or file before the ``@`` if need be.
    :raises ConfigurationError: it is not installed, or its library or file is not there.
    """
    with _manager_lock:
        if backend not in _managers:
            try:
                _managers[backend] = pyvisa.ResourceManager(backend)
            except Exception as error:  # each backend has its own
                raise ConfigurationError(
                    f"the VISA backend '{backend}' cannot be used: {_told(backend, error)}", remedy=_remedy(backend)
                ) from error
        return _managers[backend]


def close_resource_managers() -> None:
    """Close the managers and every resource that they opened; the next transport makes a new one."""
    with _manager_lock:
        for manager in _managers.values():
            manager.close()
        _managers.clear()


def _told(backend: str, error: Exception) -> str:
    path = backend.rpartition("@")[0]
    if path and not Path(path).is_file():
        return f"there is no file '{path}'"
    lines = str(error).strip().strip("'").splitlines() or [type(error).__name__]
    return lines[-1 if "Traceback" in lines[0] else 0].strip().rstrip(":'")


def _remedy(backend: str) -> str:
    name = backend.rpartition("@")[2]
    if name == "sim":
        return "Install pyvisa-sim; a file before the @ describes the simulated instruments."
    if name == "ivi":
        return "Install the VISA library of an instrument's maker, or name its path before the @."
    return f"Install pyvisa-{name}, or mend the backend of the VisaInstrument in the rig file: @py, @ivi or @sim."

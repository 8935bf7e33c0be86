"""What the devices of a rig are, by its rig file alone: programs of this machine, or part of the virtual bench.

Each function returns why something cannot be done to a device of the rig, ``""`` if it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil import faketime
from hil.private_folder import why_unavailable

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile


def no_other_firmware(rig: RigFile, device: str, *_: object) -> str:
    """Return why the firmware of a device cannot be changed between two lives."""
    facts = rig.options.devices.by_role().get(device)
    if facts is None or facts.other_firmware is not None:
        return ""
    return f"rig '{rig.options.name}' names no other firmware of the {device} (devices.{device}.other_firmware)"


def no_program(rig: RigFile, device: str, *_: object) -> str:
    """Return why a device is no program whose memory and descriptors this machine can tell."""
    if rig.virtual and (rig.real_time or device in rig.device_programs()):
        return ""
    command = f"options.rig.devices.{device}.command"
    return f"the {device} of rig '{rig.options.name}' is no program of its own on this machine: {command}"


def no_storage_fault(rig: RigFile, device: str, *_: object) -> str:
    """Return why the storage of a device cannot be made to fail."""
    in_bench = _runs_in_bench(rig, device)
    why = "" if in_bench or "seeded-faults" not in rig.features else why_unavailable()
    return f"the storage of the {device} of rig '{rig.options.name}' cannot be made to fail: {why}" if why else ""


def no_slow_storage(rig: RigFile, device: str, *_: object) -> str:
    """Return why writes to the storage of a device cannot be made slow."""
    if _runs_in_bench(rig, device):
        return ""
    return f"the {device} of rig '{rig.options.name}' is a program, whose writes take this machine's time"


def no_calendar(rig: RigFile, device: str, *_: object) -> str:
    """Return why the calendar of a device cannot be set."""
    if rig.options.devices.by_role().get(device) is None:
        return ""
    if _runs_in_bench(rig, device):
        return f"the {device} of rig '{rig.options.name}' runs in the bench itself and reads no calendar"
    if faketime.library() is None:
        return f"the calendar of the {device} cannot be set: this machine has no libfaketime (Debian: faketime)"
    return ""


def _runs_in_bench(rig: RigFile, device: str) -> bool:
    facts = rig.options.devices.by_role().get(device)
    return facts is None or (rig.is_reference(facts) and not rig.real_time)

"""labgrid's target of a rig file, built where a bench is opened: by a run, by its watchdog, by a check."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labgrid import Environment, target_factory
from labgrid.config import Config
from labgrid.exceptions import InvalidConfigError, NoDriverFoundError, NoResourceFoundError
from labgrid.resource import NetworkSerialPort
from labgrid.strategy import Strategy
from serial import SerialException

from hil.errors import ConfigurationError, RigFault
from hil.plugins.registry import what_failed
from hil.rig.config.held_place import PLACE_VARIABLE, PlaceRecord, held_place, named_place, with_place
from hil.rig.labgrid.last_known import coordinator_of, keep_places, last_known, tell_ways


def build_target(path: Path, *, tell: Callable[[str], None] | None = None) -> tuple[Any, Any]:
    """Return labgrid's environment and its target ``main``; no driver is active yet.

    :param tell: given for a safe state: if the coordinator does not answer, the last known addresses of the place are
        taken, and ``tell`` is told so.

    Raises ConfigurationError if labgrid cannot read the file, RigFault if a place that it names cannot be had.
    """
    place = str(path)
    environment = _environment(place)
    named = named_place(environment.config.get_targets().get("main", {}))
    known = _take_known_place(path, environment, tell)
    try:
        target = environment.get_target("main")
        if known is not None:
            tell_ways(target, known)
        keep_places(path, target, coordinator_of(environment))
    except NoResourceFoundError as error:
        if known is None and not named:
            raise ConfigurationError(f"labgrid cannot build the bench: {error}", place=place) from error
        raise RigFault(
            f"the place does not offer what {path.name} binds: {str(error).partition(' found in ')[0]}",
            place=f"place {known.place if known is not None else named}",
            remedy="Look at its exporter, and at its matches: labgrid-client show.",
        ) from error
    except (InvalidConfigError, NoDriverFoundError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"labgrid cannot build the bench: {error}", place=place) from error
    except (
        Exception
    ) as error:  # what a RemotePlace and its coordinator say; its module loads gRPC, and most rigs have none
        if not isinstance(error, ConnectionError) and not type(error).__module__.startswith("labgrid."):
            raise
        raise RigFault(
            f"labgrid cannot have the bench: {str(error).removeprefix('Error: ')}",
            place=place,
            remedy="Check LG_COORDINATOR, and that labgrid-client has acquired the place, as this user on this host."
            + (" Until then switch the mains off by hand." if tell is not None else ""),
        ) from error
    # labgrid would look anew for what the exporter offers before each driver, 0.1 s for each resource: too long for a
    # safe state, and what is gone is found out by its silence
    target.last_update = math.inf
    return environment, target


def _take_known_place(path: Path, environment: Any, tell: Callable[[str], None] | None) -> PlaceRecord | None:
    """Put the parts of the place into the target that this job holds, or whose coordinator does not answer.

    Return the record that they come from; None: they are asked of the coordinator, or there is no place.
    """
    targets = environment.config.get_targets()
    if "main" not in targets:
        return None
    record = held_place()
    if record is None and tell is not None and (name := named_place(targets["main"])):
        coordinator = coordinator_of(environment)
        if (record := last_known(path, name, coordinator)) is not None:
            tell(f"coordinator {coordinator} does not answer; {name} is taken where it was at {record.since}")
    if record is not None:
        with_place(targets["main"], record)
    return record


def _environment(place: str) -> Any:
    """Return labgrid's environment; the modules that the file imports are imported by that."""
    try:
        _forget_drivers_of_files(Config(place).get_imports())
        return Environment(config_file=place)
    except (InvalidConfigError, KeyError) as error:
        remedy = (
            f"Set {PLACE_VARIABLE} to the name of a place that you have acquired, or take one with hil run --place."
        )
        raise ConfigurationError(
            f"labgrid cannot build the bench: {error}",
            place=place,
            remedy=remedy if PLACE_VARIABLE in str(error) else None,
        ) from error
    except (Exception, SystemExit) as error:  # whatever a laboratory's module does when it is imported
        raise ConfigurationError(
            f"a module that the rig file imports cannot be loaded: {what_failed(error)}", place=place
        ) from error


def _forget_drivers_of_files(imports: list[str]) -> None:
    """Let labgrid carry out again what a rig file imports by the path of a file.

    It does so for each environment, and then refuses the classes that the first time has registered.
    """
    files = {Path(each).stem for each in imports if each.endswith(".py")}
    for registered in (target_factory.drivers, target_factory.resources):
        for name, kind in list(registered.items()):
            if kind.__module__ in files:
                del registered[name]
                target_factory.all_classes.pop(name, None)


def active_target(path: Path) -> tuple[Any, Any]:
    """Return the same with every driver active but the strategy; RigFault names what does not answer."""
    environment, target = build_target(path)
    for driver in target.drivers:
        if isinstance(driver, Strategy):
            continue
        try:
            target.activate(driver)
        except (SerialException, OSError) as error:
            raise RigFault(
                f"cannot be opened ({error})",
                place=_place_of(driver),
                remedy="Check that it is connected and its address right.",
            ) from error
    return environment, target


def _place_of(driver: Any) -> str:
    for resource in driver.get_bound_resources():
        if isinstance(resource, NetworkSerialPort):
            return f"line {driver.name} ({resource.host}:{resource.port})"
    return f"{type(driver).__name__} {driver.name}"

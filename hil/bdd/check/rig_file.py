"""What is wrong with a rig file, found without a bench: by itself, and by what steps and simulated bench know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.bdd.language.applicability import asked_features
from hil.bdd.language.document import Problem
from hil.errors import ConfigurationError, nearest
from hil.rig.check.capabilities import wrong_models
from hil.rig.check.ledger_views import wrong_views
from hil.rig.config.device_program import has_ports, wrong_command
from hil.rig.config.rig_file import RigFile
from hil.rig.config.target_section import FEATURES, RELAYS
from hil.simulated import instrument_flaws, plant_flaws, profile_flaws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hil.bdd.language.catalogue import Catalogue


def read_rig(path: Path, catalogue: Catalogue | None) -> tuple[RigFile | None, list[Problem]]:
    """Return the rig, and everything that is wrong with its file, in the order of its lines.

    The rig is what the file says without what is wrong; None if too much is missing. Never raises for a wrong file.

    :param catalogue: the steps, which may ask for feature flags of their own; None if there are none to be had.
    """
    try:
        rig, flaws = RigFile.read(path)
    except ConfigurationError as error:
        return None, [_unreadable(path, error)]
    found = [Problem(flaw.file, flaw.line, flaw.column, flaw.what, rule="rig-file") for flaw in flaws]
    if rig is not None:
        found += _unknown_features(rig, catalogue)
        found += _wrong_simulation(rig)
        found += _wrong_commands(rig)
        found += _useless_coins(rig)
        found += [_at(rig, keys, what) for keys, what in (*wrong_models(rig), *wrong_views(rig))]
    return rig, sorted(set(found))


def _unreadable(path: Path, error: ConfigurationError) -> Problem:
    file, line, column = str(path), "1", "1"
    if error.place and error.place.startswith(f"{file}:"):
        line, _, column = error.place[len(file) + 1 :].partition(":")
    return Problem(file, int(line), int(column or 1), error.what, error.remedy or "", "unreadable-rig")


def _unknown_features(rig: RigFile, catalogue: Catalogue | None) -> Iterator[Problem]:
    """Yield a problem for each feature flag that no step asks for; those that look misspelt are told already."""
    if catalogue is None:
        return
    known = FEATURES.keys() | asked_features(catalogue.definitions)
    for number, name in enumerate(rig.listed_features):
        if name not in known:
            what = f"targets.main.features: no step asks for '{name}'{nearest(name, known)}"
            yield _at(rig, ("targets", "main", "features", number), what)


def _wrong_simulation(rig: RigFile) -> Iterator[Problem]:
    if not rig.virtual:
        return
    for role, what in instrument_flaws(rig.bench_instruments):
        yield _at(rig, (*rig.bench_keys, role), f"targets.main.resources: {what}")
    for keys, what in plant_flaws(rig.options.plant):
        where = ("options", "rig", "plant", *keys)
        yield _at(rig, where, f"{'.'.join(map(str, where))}: {what}")
    for input_of, number in rig.options.mirror_contacts.items():
        if number >= len(RELAYS):
            where = ("options", "rig", "mirror_contacts", input_of)
            what = f"the simulated board has inputs 0 to {len(RELAYS) - 1}, not {number}"
            yield _at(rig, where, f"{'.'.join(where)}: {what}")
    for device, facts in rig.options.devices.by_role().items():
        if rig.is_reference(facts):
            where = ("options", "rig", "devices", device, "profile")
            for keys, what in profile_flaws(device, facts.profile):
                name = ".".join(map(str, (*where, *keys)))
                yield _at(rig, (*where, *keys), f"{name}: {what}")


def _useless_coins(rig: RigFile) -> Iterator[Problem]:
    facts = rig.options.devices.cable
    if facts is not None and facts.coins_to is not None and rig.is_reference(facts):
        where = ("options", "rig", "devices", "cable", "coins_to")
        yield _at(rig, where, f"{'.'.join(where)}: the simulated reference cable gets an account in each scenario")


def _wrong_commands(rig: RigFile) -> Iterator[Problem]:
    for device, facts in rig.options.devices.by_role().items():
        for key, command in (("command", facts.command), ("other_firmware", facts.other_firmware)):
            if command is None:
                continue
            where = ("options", "rig", "devices", device, key)
            wrong = wrong_command(command, rig.folder, virtual=rig.virtual, real_time=rig.real_time)
            for keys, what in wrong:
                yield _at(rig, (*where, *keys), f"{'.'.join(where)}: {what}")
            if key == "other_firmware" and (facts.command is None or has_ports(command) != has_ports(facts.command)):
                what = "is another version of the program of 'command', which has the same kind of ports"
                yield _at(rig, where, f"{'.'.join(where)}: {what}")


def _at(rig: RigFile, keys: tuple[str | int, ...], what: str) -> Problem:
    line, column = rig.place(*keys)
    return Problem(str(rig.path), line, column, what, rule="rig-file")

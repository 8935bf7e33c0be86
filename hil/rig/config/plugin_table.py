"""The table ``[tool.hil.plugins]``: plug-ins that a laboratory names without packaging them.

For each group (:mod:`hil.plugins.groups`, without its ``hil.``) the module and class of each plug-in by its name::

    [tool.hil.plugins]
    meters = {acme9000 = "instruments.acme:Acme9000"}
    virtual_meters = {acme9000 = "instruments.virtual_acme:VirtualAcme9000"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from hil.errors import nearest
from hil.plugins.groups import GROUPS
from hil.plugins.laboratory import Declared

TABLE = "tool.hil.plugins"

_NAME = re.compile(r"[\w.+-]+")
_REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def flaws_of_plugins(table: object, text: str) -> Iterator[tuple[str, str]]:
    """Yield ``line:column`` and what is wrong, for everything that is wrong with the table.

    :param text: of the file, in which places are found.
    """
    if not isinstance(table, Mapping):
        yield place_of(text, "plugins"), f"plugins: a table with the groups {', '.join(GROUPS)} (read: {table!r})"
        return
    for group, entries in table.items():
        if group not in GROUPS:
            yield place_of(text, group), f"plugins: '{group}' is no group{nearest(group, GROUPS)}"
        elif not isinstance(entries, Mapping):
            what = f'plugins.{group}: names and classes, as in {{acme9000 = "instruments.acme:Acme9000"}}'
            yield place_of(text, group), f"{what} (read: {entries!r})"
        else:
            for name, reference in entries.items():
                if what := _flaw(name, reference):
                    yield place_of(text, name, group), f"plugins.{group}: {what}"


def _flaw(name: str, reference: object) -> str:
    if not _NAME.fullmatch(name):
        return f"'{name}' is no name: letters, digits, '_', '-', '+' and '.'"
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        return f"{name}: a module and a class, as in 'instruments.acme:Acme9000' (read: {reference!r})"
    return ""


def declared_plugins(table: Mapping[str, Mapping[str, str]], path: Path, text: str) -> tuple[Declared, ...]:
    """Return the plug-ins of a table that has no mistake, each with its place in the file ``path``."""
    return tuple(
        Declared(group, name, reference, f"{path.name}:{place_of(text, name, group)}", str(path.parent))
        for group, entries in table.items()
        for name, reference in entries.items()
    )


def place_of(text: str, name: str, group: str = "") -> str:
    """Return ``line:column`` of a key within the table, else of the table's header; tomllib keeps no places.

    :param group: in which the name stands; a name may stand in several.
    """
    key = re.compile(rf"""(?<![\w.+-])["']?{re.escape(name)}["']?\s*=""")
    of_group = re.compile(rf"""(?<![\w.+-])["']?{re.escape(group)}["']?\s*=""")
    found, inside, seen_group = "1:1", False, not group
    for number, line in enumerate(text.splitlines(), 1):
        header = line.strip().replace(" ", "")
        if line.lstrip().startswith("["):
            inside = header.startswith((f"[{TABLE}]", f"[{TABLE}."))
            seen_group = not group or header.startswith(f"[{TABLE}.{group}]")
            if inside and found == "1:1":
                found = f"{number}:{line.index('[') + 1}"
            continue
        if not inside and not re.match(r"\s*plugins\s*[.=]", line):
            continue
        begin = 0
        if group and not header.startswith("#") and (match := of_group.search(line)):
            seen_group, begin = True, match.end()
        if seen_group and (match := key.search(line, begin)):
            return f"{number}:{match.start() + 1}"
    return found

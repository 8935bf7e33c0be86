"""``hil plugins``: the parts that others have added, and the framework's own beside them."""

from __future__ import annotations

import argparse
import json
from typing import Any

from hil.cli.laboratory import laboratory
from hil.errors import ConfigurationError, ExitCode


def add_plugins_command(commands: Any) -> None:
    """Add ``plugins`` to argparse's ``commands``."""
    text = "list the plug-ins by group, and whence each comes; one that cannot be loaded ends it with 4"
    plugins = commands.add_parser("plugins", help=text, description=text)
    plugins.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    plugins.set_defaults(act=_plugins)


def _plugins(options: argparse.Namespace, _: list[str]) -> int:
    rows = _rows()
    if options.format == "json":
        print(json.dumps(rows, indent=2))
    else:
        for title in dict.fromkeys(row["group"] for row in rows):
            print(title)
            of_group = [row for row in rows if row["group"] == title]
            wide, long = (max(len(row[key]) for row in of_group) for key in ("name", "reference"))
            for row in of_group:
                state = f"  {row['state']}: {row['problem']}" if row["state"] != "ok" else ""
                print(f"  {row['name']:{wide}}  {row['reference']:{long}}  {row['origin']}{state}")
    return ExitCode.AUTHOR_ERROR if any(row["state"] == "broken" for row in rows) else ExitCode.PASS


def _rows() -> list[dict[str, str]]:
    """Return one row for each plug-in: its state is ``ok``, ``broken`` or ``not used``, the last two with a reason."""
    from hil.plugins.groups import GROUPS
    from hil.plugins.registry import ordered

    laboratory()
    rows = []
    for group in GROUPS.values():
        first: dict[str, str] = {}
        for plugin in ordered(group):
            before = first.setdefault(plugin.name.casefold(), plugin.origin)
            state, problem = "ok", ""
            if before != plugin.origin:
                state, problem = "not used", f"{before} has the name, and comes first"
            else:
                try:
                    plugin.load()
                except ConfigurationError as error:
                    state, problem = "broken", error.what
            rows.append(
                {
                    "group": group.name,
                    "name": plugin.name,
                    "reference": plugin.reference,
                    "origin": plugin.origin,
                    "state": state,
                    "problem": problem,
                }
            )
    return rows

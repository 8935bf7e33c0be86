"""The views of the ledger that a rig file names, held against their plug-ins at the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import ConfigurationError
from hil.plugins import registry
from hil.plugins.groups import LEDGER_VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.rig.config.rig_file import RigFile


def wrong_views(rig: RigFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each view that cannot be loaded or is not offered, with the keys of its place in the file."""
    options = rig.options
    if "ledger_views" in options.model_fields_set and options.ledger not in options.ledger_views:
        offered = ", ".join(options.ledger_views)
        what = f"'{options.ledger}' is how a socket sees the ledger here, and ledger_views offers {offered} only"
        yield ("options", "rig", "ledger"), f"options.rig.ledger: {what}"
    named: list[tuple[tuple[str | int, ...], str]] = [(("ledger",), options.ledger)]
    named += [(("ledger_views", number), name) for number, name in enumerate(options.ledger_views)]
    for keys, name in named:
        plugin = registry.look_for(LEDGER_VIEWS, name)
        if plugin is None or plugin.is_own:
            continue
        try:
            plugin.load()
        except ConfigurationError as error:
            yield ("options", "rig", *keys), f"options.rig.{keys[0]}: {error.what} ({error.place})"

"""Which view of the ledger a device gets, by its name: a plug-in of ``hil.ledger_views``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.chain.views.guarded import GuardedView, mistake
from hil.chain.views.servers import SERVERS
from hil.errors import ConfigurationError, HilError, nearest
from hil.plugins import registry
from hil.plugins.groups import LEDGER_VIEWS

if TYPE_CHECKING:
    from hil.chain.views.servers import LedgerServer, OpenView, ViewClass
    from hil.plugins.registry import Plugin


def view_named(name: str) -> ViewClass:
    """Return the class of the view of that name.

    Raises ConfigurationError if there is none, if it cannot be loaded, or if it asks a server that is not known.
    """
    return _loaded(registry.find(LEDGER_VIEWS, name))


def open_view(name: str, server: LedgerServer) -> OpenView:
    """Return the view of that name; nothing is asked yet. Raises ConfigurationError as :func:`view_named` does."""
    plugin = registry.find(LEDGER_VIEWS, name)
    kind = _loaded(plugin)
    if plugin.is_own:
        return kind.opened(server)
    try:
        return GuardedView(plugin, kind.opened(server))
    except HilError:
        raise
    except Exception as error:  # whatever its author's code does
        raise mistake(plugin, error) from error


def _loaded(plugin: Plugin) -> ViewClass:
    found: ViewClass = plugin.load()
    if found.asks not in SERVERS:
        raise ConfigurationError(
            f"the plug-in '{plugin.name}' of {LEDGER_VIEWS.name} asks '{found.asks}', which is no server"
            f"{nearest(str(found.asks), SERVERS)}",
            place=plugin.origin,
        )
    return found

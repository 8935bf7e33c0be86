"""A view of the ledger that others wrote: a mistake in its code is theirs, and never the device's."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hil.errors import ConfigurationError, HilError
from hil.plugins.registry import what_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.chain.views.servers import OpenView
    from hil.plugins.registry import Plugin
    from hil.ports import Acceptance, CoinStatus
    from hil.protocol.payment.coins import OutPoint

T = TypeVar("T")


class GuardedView:
    """Implements :class:`hil.chain.views.servers.OpenView` over that of a plug-in.

    What it raises beside the errors of its port (LedgerUnavailable; ValueError for bytes that are no transaction) is
    raised as a ConfigurationError that names the plug-in, file and line.
    """

    def __init__(self, plugin: Plugin, view: OpenView) -> None:
        self._plugin = plugin
        self._view = view

    def ready(self) -> bool:
        """See the port."""
        return self._ask(self._view.ready)

    def coin(self, outpoint: OutPoint) -> CoinStatus | None:
        """See the port."""
        return self._ask(lambda: self._view.coin(outpoint))

    def accepts(self, transaction: bytes) -> Acceptance:
        """See the port."""
        return self._ask(lambda: self._view.accepts(transaction))

    def broadcast(self, transaction: bytes) -> Acceptance:
        """See the port."""
        return self._ask(lambda: self._view.broadcast(transaction))

    def conflict(self, transaction: bytes) -> str | None:
        """See the port."""
        return self._ask(lambda: self._view.conflict(transaction))

    def close(self) -> None:
        """Close the plug-in's connection."""
        self._ask(self._view.close)

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except (HilError, ValueError):
            raise
        except Exception as error:  # whatever its author's code does
            raise mistake(self._plugin, error) from error


def mistake(plugin: Plugin, error: BaseException) -> ConfigurationError:
    """Return the error of a plug-in whose code has failed."""
    return ConfigurationError(
        f"the plug-in '{plugin.name}' of {plugin.group.name} failed: {what_failed(error)}",
        place=plugin.origin,
        remedy="Mend it, or use another view of the ledger; hil plugins lists all.",
    )

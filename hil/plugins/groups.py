"""The groups of plug-ins: what each holds, and what the framework itself has in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Group:
    """One kind of part that can be added.

    :param name: of the entry-point group.
    :param holds: what one of its plug-ins is, with its article, as messages say it.
    :param contract: how it is called and what it returns.
    :param needs: attributes that the class or function must have.
    :param shipped: what the framework has in it: ``module:class`` by name.
    """

    name: str
    holds: str
    contract: str
    needs: tuple[str, ...] = ()
    shipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its key in ``[tool.hil.plugins]``."""
        return self.name.removeprefix("hil.")


METERS = Group(
    "hil.meters",
    "a driver of power meters",
    "a class; called with `Transport` and `Identity`, it is a `hil.ports.Meter` (`MeterDriver`)",
    ("serves", "update_period", "settling", "limits"),
    {
        "hmc8015": "hil.instruments.hmc8015:Hmc8015",
        "wt310e": "hil.instruments.wt310e:Wt310e",
    },
)
LOADS = Group(
    "hil.loads",
    "a driver of electronic loads",
    "a class; called with `Transport` and `Identity`, it is a `hil.ports.Load` (`LoadDriver`)",
    ("serves", "max_power"),
    {
        "it8615": "hil.instruments.it8615:It8615",
        "it8615l": "hil.instruments.it8615:It8615L",
        "dl3021": "hil.instruments.dl3021:Dl3021",
        "bk8500b": "hil.instruments.bk8500b:Bk8500b",
    },
)
VIRTUAL_METERS = Group(
    "hil.virtual_meters",
    "a power meter of the virtual bench",
    "a class; called with what returns the time in s, it is the meter (`VirtualMeter`)",
    ("execute", "power_on", "update", "form"),
    {
        "hmc8015": "hil.vbench.instruments.hmc8015.meter:Hmc8015",
        "wt310e": "hil.vbench.instruments.wt310e.meter:Wt310e",
    },
)
VIRTUAL_LOADS = Group(
    "hil.virtual_loads",
    "an electronic load of the virtual bench",
    "a class; called with the load's state and what returns the time in s, it is the load (`VirtualLoad`)",
    ("execute", "power_on", "update"),
    {
        "it8615": "hil.vbench.instruments.it8615:It8615",
        "dl3021": "hil.vbench.instruments.dl3021.load:Dl3021",
        "bk8500b": "hil.vbench.instruments.bk8500b:Bk8500b",
    },
)
LEDGER_VIEWS = Group(
    "hil.ledger_views",
    "a view of the ledger",
    "a class; its `opened` with a `LedgerServer` returns a `hil.ports.LedgerView` that can be closed (`ViewClass`)",
    ("asks", "opened", "ready", "coin", "accepts", "broadcast", "conflict", "close"),
    {
        "node": "hil.chain.views.full_node:NodeView",
        "spv": "hil.chain.views.spv:SpvView",
        "api": "hil.chain.views.api:ApiView",
    },
)
REPORT_SECTIONS = Group(
    "hil.report_sections",
    "a section of the report",
    "a function; called with the `RunRecord` of a run, it returns a `hil.report.sections.Section` or None",
)

GROUPS: Mapping[str, Group] = {
    each.key: each for each in (METERS, LOADS, VIRTUAL_METERS, VIRTUAL_LOADS, LEDGER_VIEWS, REPORT_SECTIONS)
}
"""All groups, by their key in ``[tool.hil.plugins]``."""

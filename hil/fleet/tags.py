"""The tags of a labgrid place: what its rig offers.

``rig`` is the name of the rig file that describes the place, without ``.yaml``. The others stand for one thing each,
since the coordinator's filters compare whole values: ``setup_socket_under_test=yes``, ``feature_link_faults=yes``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hil.fleet.selection import RIG, YES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.rig.config.rig_file import RigFile

VIRTUAL_DIALECTS: Final = {"meter": "hmc8015", "load": "it8615"}
"""Of a virtual bench whose rig file chooses no others."""


def tags_of(rig: RigFile) -> dict[str, str]:
    """Return the tags of a place that ``rig`` describes."""
    tags = {RIG: rig.path.stem}
    tags |= {setup_tag(setup): YES for setup in rig.options.setups}
    tags |= {feature_tag(feature): YES for feature in rig.listed_features}
    tags |= {f"appliance_{label(appliance)}": YES for appliance in rig.options.appliances}
    tags |= {role: label(name) for role, name in _dialects(rig).items()}
    due = [facts.due for facts in rig.options.instruments.values() if facts.due is not None]
    if due:
        tags["calibration_due"] = label(min(due))
    return tags


def setup_tag(setup: str) -> str:
    """Return the key of the tag of a place that offers a set-up, e.g. ``setup_socket_under_test``."""
    return f"setup_{label(setup)}"


def feature_tag(feature: str) -> str:
    """Return the key of the tag of a place whose rig has a feature flag, e.g. ``feature_link_faults``."""
    return f"feature_{label(feature)}"


def label(text: str) -> str:
    """Return ``text`` in the alphabet of labgrid's tags: small letters, digits and ``_``."""
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")


def _dialects(rig: RigFile) -> Mapping[str, str]:
    if rig.virtual or "virtual" in rig.features:
        return {**VIRTUAL_DIALECTS, **rig.bench_instruments, **rig.dialects}
    return rig.dialects

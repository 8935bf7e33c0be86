"""Test classes for the tests of a plug-in: inherit one, name the plug-in, and pytest holds it against its port.

They hold a driver and its virtual twin against each other and against the suite of the port (:mod:`hil.conformance`),
as the framework does with its own; ``hil rig check RIG --conformance`` runs the same suites against real parts. A view
of the ledger is held against its port on a real node.
"""

from hil.plugin_tests.conformance import LoadConformance, MeterConformance, RelayConformance
from hil.plugin_tests.ledger_views import LedgerViewConformance
from hil.plugin_tests.transcripts import TranscriptConformance

__all__ = ["LedgerViewConformance", "LoadConformance", "MeterConformance", "RelayConformance", "TranscriptConformance"]

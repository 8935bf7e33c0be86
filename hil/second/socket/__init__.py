"""The seller."""

from hil.second.socket.ledger import Ledger, LedgerSilent, Output
from hil.second.socket.socket import Socket

__all__ = ["Ledger", "LedgerSilent", "Output", "Socket"]

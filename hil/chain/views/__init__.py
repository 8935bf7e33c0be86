"""How a device sees the ledger: a full node, headers with proofs (SPV), or the word of a server."""

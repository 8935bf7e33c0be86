"""Who mines and who pays on regtest: blocks, the wallet that funds devices, coins by name."""

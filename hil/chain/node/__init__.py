"""bitcoind on regtest: native, in a container or foreign; its folders, its snapshot, its end."""

"""The programs of the reference socket and cable over the protocol machines."""

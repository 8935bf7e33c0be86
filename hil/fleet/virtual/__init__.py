"""A virtual fleet: programs on this machine that stand for the rigs, exporters and coordinator of a laboratory."""

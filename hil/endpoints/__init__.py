"""A protocol machine with hands: what devices and the counterpart that the rig plays have in common."""

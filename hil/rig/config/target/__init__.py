"""The target of a rig file, looked through before labgrid reads it."""

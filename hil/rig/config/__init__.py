"""The rig file: read, checked, each mistake told with its place."""

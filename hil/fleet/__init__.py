"""Many rigs behind a labgrid coordinator: a virtual fleet on this machine, the tags of places, the state of a fleet."""

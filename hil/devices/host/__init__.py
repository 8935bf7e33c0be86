"""``hil device``: a reference device as a program of its own in real time."""

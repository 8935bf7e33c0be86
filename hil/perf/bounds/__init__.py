"""Whether the stated bounds hold the truth: measurements on the virtual bench, and edges in real time."""

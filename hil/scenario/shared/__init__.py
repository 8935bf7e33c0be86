"""What the parts of a run, each with a bench of its own, tell the process of the run; and how long scenarios took."""

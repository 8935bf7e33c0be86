"""What a person asks of a run folder on the command line: its events, and whether it is what was recorded."""

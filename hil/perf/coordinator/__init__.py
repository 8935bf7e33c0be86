"""What a fleet costs: labgrid's coordinator under load."""

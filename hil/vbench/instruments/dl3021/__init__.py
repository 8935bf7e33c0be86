"""A virtual Rigol DL3021: set-points and ranges, what it does in the course of time, and its commands."""

"""Devices on the virtual bench: reference programs in the bench's own time, or processes on pseudo-terminals."""

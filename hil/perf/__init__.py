"""Figures about the framework itself (``make perf``): speed, and whether stated bounds hold."""

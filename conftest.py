"""Fixtures of this laboratory's own; it has none. Feature files are collected and run by the pytest plugin ``hil``."""

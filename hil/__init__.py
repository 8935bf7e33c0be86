"""Hardware-in-the-loop tests for thing-to-thing electricity payments (see README.md)."""

__version__ = "0.1.0"

"""Hardware-in-the-loop tests for thing-to-thing electricity payments (see README.md)."""

from importlib.metadata import version

__version__ = version("micropay-hil")

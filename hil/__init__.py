"""Hardware-in-the-loop tests for thing-to-thing electricity payments (see README.md).

PYTEST_DONT_REWRITE: pytest would rewrite the assertions of all that is installed with a plugin, and warn that this
module was loaded before.
"""

__version__ = "0.1.0"

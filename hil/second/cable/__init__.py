"""The buyer."""

from hil.second.cable.cable import Cable

__all__ = ["Cable"]

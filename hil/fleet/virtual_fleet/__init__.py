"""A virtual fleet: programs on this machine that stand for the rigs, exporters and coordinator of a laboratory."""

from hil.fleet.virtual_fleet.up_and_down import Fleet, down, info, up

__all__ = ["Fleet", "down", "info", "up"]

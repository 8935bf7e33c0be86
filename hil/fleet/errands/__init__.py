"""Errands at the coordinator that a program of its own does: for the process of a run, which must not load gRPC."""

from hil.fleet.errands.begun import Errand, begin_to_free, look

__all__ = ["Errand", "begin_to_free", "look"]

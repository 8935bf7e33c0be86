"""Instruments, relays and serial ports as labgrid resources and drivers."""

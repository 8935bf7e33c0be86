"""The parts that a device is built from on a real machine: serial line, relay, energy meter (hil.devices.board)."""

"""The serial link between socket and cable: lines, the tap between them, faults, and abuses of the protocol."""

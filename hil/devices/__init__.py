"""The reference socket and the reference cable: their firmware, storage, hardware and host program."""

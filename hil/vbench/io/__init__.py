"""Bytes in and out of the bench: the event loop, sockets, pseudo-terminals, the connections of an instrument."""

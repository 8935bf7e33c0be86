"""Bytes on the line: frames, the subset of CBOR, messages."""

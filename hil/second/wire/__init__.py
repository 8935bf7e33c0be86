"""What passes on the line: frames, CBOR, messages, and the numbers that stand in them."""

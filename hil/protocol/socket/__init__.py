"""The socket's side of the protocol: its state table and its machine."""

"""How a node is asked: RPC over HTTP, and its notifications over ZMQ."""

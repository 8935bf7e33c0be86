"""Steps of the laboratory for timer sockets."""

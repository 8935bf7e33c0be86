"""A second counterpart, written from the specification alone."""

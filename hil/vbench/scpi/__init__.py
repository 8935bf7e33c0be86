"""A SCPI instrument's front: grammar, status, errors, serial line."""

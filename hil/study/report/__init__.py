"""A study as text, page and JSON."""

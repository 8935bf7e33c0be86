"""The state of a fleet: its places, who has them, who waits, and what is wrong; as text, JSON and a page."""

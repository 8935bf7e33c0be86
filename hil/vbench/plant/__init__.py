"""The physics of the bench: mains, relays, appliances, time."""

"""Coins, keys and transactions of a session."""

"""A virtual R&S HMC8015: its dialect, its files, and how it writes values."""

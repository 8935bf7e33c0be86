"""A virtual Yokogawa WT310E: its dialect, what it keeps, and how it writes values."""

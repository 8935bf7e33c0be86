"""What a device keeps over a loss of power: account, journal, secrets."""

"""What is signed and what it buys: coins, transactions, signatures, energy for money."""

"""The catalogue of misuse: wrong messages, transactions and signatures that a counterpart may send."""

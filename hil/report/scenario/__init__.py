"""One scenario of a report: what is told of it in words, rows and pictures."""

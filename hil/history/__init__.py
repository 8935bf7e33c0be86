"""Many runs together: the index of a laboratory's runs, their history in a database, trends, and comparisons."""

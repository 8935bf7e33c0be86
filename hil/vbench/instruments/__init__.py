"""Virtual instruments: each speaks its dialect and errs within its data sheet."""

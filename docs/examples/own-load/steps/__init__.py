"""Steps of this laboratory, beside those of the framework."""

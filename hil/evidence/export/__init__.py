"""Evidence in the formats of other programs (extra ``export``): MCAP, Parquet, CSV."""

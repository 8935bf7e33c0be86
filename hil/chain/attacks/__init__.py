"""What a scenario does to the ledger: double spends, reorganisations, fee pressure, partitions, lying servers."""

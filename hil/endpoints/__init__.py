"""Endpoints of the link: a protocol machine with its line, contact, meter and ledger, for devices and counterparts."""

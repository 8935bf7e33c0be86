"""The judge of what passes on the line: frames, messages, transactions and invariants, written from SPEC alone.

It shares no code with the devices (:mod:`hil.protocol`): a mistake that both sides of a session have in common agrees
with itself, and not with this. Libraries decide where there are some: ``cobs``, ``cbor2`` and ``zlib`` for frames,
python-bitcoinlib for transactions, libsecp256k1 (by embit) for signatures.
"""

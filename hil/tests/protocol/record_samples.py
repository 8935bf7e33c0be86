"""Records of sessions, drawn at random: for tests of whatever writes and reads them."""

from __future__ import annotations

from hypothesis import strategies as st

from hil.protocol.codes import CloseReason
from hil.protocol.policy import Mode
from hil.protocol.records import CableRecord, Record, SocketRecord
from hil.protocol.wire.messages import DeclaredCoin, Funding, Offer

_scripts = st.sampled_from([b"\x00\x14" + b"\x07" * 20, b"\x76\xa9\x14" + b"\x08" * 20 + b"\x88\xac"])
_counts = st.integers(0, 2**32 - 1)
_transactions = st.binary(min_size=10, max_size=60)

_offers = st.builds(
    Offer,
    session=st.just(b"session!"),
    sequence=_counts,
    tariff_sat_per_wh=st.integers(1, 10**9),
    quantum_sat=st.integers(1, 10**6),
    payee_script=_scripts,
    fee_rate_sat_per_vb=st.integers(1, 1000),
    mode=st.sampled_from(Mode),
    max_payments=st.integers(1, 65535),
    min_confirmations=st.integers(0, 100),
    max_power_w=st.integers(1, 10**6),
)
_coins = st.builds(
    DeclaredCoin,
    txid=st.binary(min_size=32, max_size=32).map(bytes.hex),
    index=_counts,
    value_sat=st.integers(1, 10**9),
    script=_scripts,
)
_fundings = st.builds(
    Funding,
    session=st.just(b"session!"),
    sequence=_counts,
    coins=st.lists(_coins, min_size=1, max_size=3, unique_by=lambda coin: (coin.txid, coin.index)).map(tuple),
    change_script=_scripts,
    max_payments=st.integers(1, 65535),
)

socket_records: st.SearchStrategy[SocketRecord] = st.builds(
    SocketRecord,
    offer=_offers,
    funding=_fundings,
    n=st.integers(1, 65535),
    transaction=_transactions,
    delivered_mwh=_counts,
    sequence=_counts,
    heard=_counts,
    closing=st.just(0) | st.sampled_from(CloseReason).map(int),
)
cable_records = st.builds(
    CableRecord,
    offer=_offers,
    funding=_fundings,
    n=st.integers(1, 65535),
    request=_transactions,
    transaction=_transactions,
    before=st.just(b"") | _transactions,
    used_mwh=_counts,
    sequence=_counts,
    heard=_counts,
)
records: st.SearchStrategy[Record] = socket_records | cable_records

"""Payments on the line and on the ledger, held against limits."""

from __future__ import annotations

from hil.testing import (
    Check,
    Limit,
    Observer,
    Satoshi,
    Second,
    Source,
    at_least,
    number,
    tells,
    then,
    timed,
    within_time,
)
from hil.testing.feasibility import Course, demanded
from hil.testing.measurements import payments


@then("togs {int} betalningar om {amount} emot")
@then("{int} payment/payments of {amount} was/were accepted")
@tells(demanded.payments)
def payments_accepted(count: int, amount: Satoshi, /) -> list[Check]:
    """Counts the receipts, and checks that each further payment pays the socket this much more."""
    return [
        number("payments accepted", count, payments.accepted, Source.LINE).explained(payments.newest_receipt),
        number("paid to the offered payee", count * amount, payments.paid, Source.LINE, unit="sat"),
    ]


@then("finns {int} transaktion/transaktioner med en avgift var i liggaren")
@then("the ledger holds {int} transaction/transactions with one fee each")
@tells(demanded.transactions)
def transactions_on_ledger(count: int, /) -> Check:
    """Mines a block, then counts the confirmed transactions that spend the cable's coins; each pays a fee."""
    return number("confirmed transactions on the ledger", count, payments.settled, Source.LEDGER)


@then("the newest valid transaction was broadcast and confirms")
@tells(demanded.paid)
def newest_confirms() -> Check:
    """The transaction of the last payment with a receipt is in the mempool, and in the next block."""
    return at_least(
        "confirmations of the newest valid transaction, once broadcast",
        1,
        payments.newest_confirms,
        Source.LEDGER,
        Source.LINE,
    )


@then("the socket received {amount} in all")
@tells(demanded.money)
def received(amount: Satoshi, /) -> Check:
    """The sum that confirmed transactions pay to the offered payee."""
    return number("received on the ledger", amount, payments.received, Source.LEDGER, unit="sat")


@then("the first payment was accepted within {duration} of power-on")
@tells(demanded.paid)
def boot_budget(limit: Second, /) -> Check:
    """From the supply of the device under test to the receipt of the first payment; slides: 27 s."""
    return within_time("power-on to first accepted payment", limit, payments.boot_to_payment, Source.BENCH, Source.LINE)


@then("the first payment was accepted later than {duration} after power-on")
@tells(demanded.paid)
def boot_budget_missed(limit: Second, /) -> Check:
    """The bench's check on itself: a device that is too slow is found to be."""
    limits = Limit("s", low=float(limit))
    return timed("power-on to first accepted payment", limits, payments.boot_to_payment, Source.BENCH, Source.LINE)


@then("the socket asked for {int} payment/payments")
@tells(demanded.payments)
def asked(count: int, /) -> Check:
    """Counts the payments with different numbers that the socket requested: it believed in the coins."""
    return number("payments asked for", count, payments.asked, Source.LINE)


@then("the cable signed {int} payment/payments")
@tells(demanded.payments)
def signed(count: int, /) -> Check:
    """Counts the payments with different numbers that the cable sent."""
    return number("payments signed", count, payments.signed, Source.LINE)


@then("the {device} reports {error_code}")
@tells(Course.must_be_under_test)
def reports(device: str, code: str, /, observer: Observer) -> Check:
    """The device under test sent an ERROR with this code (SPEC, "Error codes")."""
    payments.refuse_unknown_code(code)
    observer.refuse_played(device)
    name = f"errors {code} from the {device}"
    return at_least(name, 1, lambda observer: payments.reported(observer, device, code), Source.DEVICE)

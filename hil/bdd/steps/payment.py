"""Payments on the line and on the ledger, held against limits."""

from __future__ import annotations

from hil.bdd.catalogue import then
from hil.evidence.limits import Limit, Measurement, Rule
from hil.scenario.measurements import payments as payment_measuring
from hil.scenario.scenario import Trial
from hil.units import Satoshi, Second


@then("togs {int} betalningar om {amount} emot")
@then("{int} payment/payments of {amount} was/were accepted")
def payments_accepted(count: int, amount: Satoshi, /, trial: Trial) -> None:
    """Counts the receipts, and checks that each further payment pays the socket this much more."""
    payment_measuring.accepted(trial, Measurement("payments accepted", Limit("count", count, count), Rule.EXACT))
    limit = Limit("sat", count * amount, count * amount)
    payment_measuring.paid(trial, Measurement("paid to the offered payee", limit, Rule.EXACT))


@then("finns {int} transaktion/transaktioner med en avgift var i liggaren")
@then("the ledger holds {int} transaction/transactions with one fee each")
def transactions_on_ledger(count: int, /, trial: Trial) -> None:
    """Mines a block, then counts the confirmed transactions that spend the cable's coins; each pays a fee."""
    payment_measuring.settled(trial, Measurement("confirmed transactions", Limit("count", count, count), Rule.EXACT))


@then("the newest valid transaction was broadcast and confirms")
def newest_confirms(trial: Trial) -> None:
    """The transaction of the last payment with a receipt is in the mempool, and in the next block."""
    payment_measuring.newest_confirms(
        trial, Measurement("confirmations of the newest valid transaction", Limit("count", low=1), Rule.EXACT)
    )


@then("the socket received {amount} in all")
def received(amount: Satoshi, /, trial: Trial) -> None:
    """The sum that confirmed transactions pay to the offered payee."""
    limit = Limit("sat", amount, amount)
    payment_measuring.received(trial, Measurement("received on the ledger", limit, Rule.EXACT))


@then("the first payment was accepted within {duration} of power-on")
def boot_budget(limit: Second, /, trial: Trial) -> None:
    """From the supply of the device under test to the receipt of the first payment; slides: 27 s."""
    payment_measuring.boot_to_payment(
        trial, Measurement("power-on to first accepted payment", Limit("s", high=limit), Rule.INTERVAL)
    )


@then("the first payment was accepted later than {duration} after power-on")
def boot_budget_missed(limit: Second, /, trial: Trial) -> None:
    """The bench's check on itself: a device that is too slow is found to be."""
    payment_measuring.boot_to_payment(
        trial, Measurement("power-on to first accepted payment", Limit("s", low=limit), Rule.INTERVAL)
    )


@then("the socket asked for {int} payment/payments")
def asked(count: int, /, trial: Trial) -> None:
    """Counts the payments with different numbers that the socket requested: it believed in the coins."""
    payment_measuring.asked(trial, Measurement("payments asked for", Limit("count", count, count), Rule.EXACT))


@then("the cable signed {int} payment/payments")
def signed(count: int, /, trial: Trial) -> None:
    """Counts the payments with different numbers that the cable sent."""
    payment_measuring.signed(trial, Measurement("payments signed", Limit("count", count, count), Rule.EXACT))


@then("the {device} reports {error_code}")
def reports(device: str, code: str, /, trial: Trial) -> None:
    """The device under test sent an ERROR with this code (SPEC, "Error codes")."""
    payment_measuring.reported(
        trial, device, code, Measurement(f"errors {code} from the {device}", Limit("count", low=1), Rule.EXACT)
    )

Feature: Defences hold in each session, at each payment, in each life
  Whatever a device does against a cheat or a failure, it must do in a later session as in the first one, at its last payment
  as at its first, after a restart, with another cable, in either mode. Each value of a column stands in a row with each value
  of every other one; `hil pairs` writes the rows that are missing.

  @pairwise @REQ-PAY-5 @REQ-POWER-3 @REQ-SOCKET-1 @REQ-SOCKET-2 @REQ-SOCKET-3 @REQ-SOCKET-4
  Scenario Outline: The cable will <abuse>
    Given the socket is under test in <mode> mode
    And the load draws <power>
    And the cable pays for at most 4 payments
    And the cable will <abuse> from the <payment> payment on
    And the counterpart is honest at first
    When the devices are switched on
    And the <session> session comes to its <payment> payment <life>, after <rest> of rest
    And the counterpart begins to cheat
    And the counterpart has cheated
    Then the socket answers as the catalogue demands, within its time
    And the socket loses no more than the catalogue allows

    Examples:
      | abuse                         | mode        | session | payment | life               | power  | rest  |
      | underpay-one-satoshi          | single-fee  | first   | first   | without a restart  | 1800 W | 3 s   |
      | send-the-change-to-a-stranger | per-payment | second  | second  | after a restart    | 600 W  | 3 s   |
      | pay-an-absurd-fee             | per-payment | first   | third   | with another cable | 600 W  | 2 min |
      | sign-with-another-key         | single-fee  | second  | third   | with another cable | 1800 W | 2 min |
      | sign-all-anyone-can-pay       | single-fee  | second  | second  | without a restart  | 600 W  | 2 min |
      | lock-by-height                | per-payment | first   | first   | after a restart    | 1800 W | 2 min |
      | skip-a-payment-number         | per-payment | first   | second  | with another cable | 1800 W | 3 s   |
      | repeat-a-payment              | per-payment | second  | first   | with another cable | 600 W  | 2 min |
      | repeat-a-payment              | single-fee  | first   | third   | after a restart    | 1800 W | 3 s   |
      | skip-a-payment-number         | single-fee  | second  | third   | without a restart  | 600 W  | 2 min |
      | lock-by-height                | single-fee  | second  | third   | with another cable | 600 W  | 3 s   |
      | sign-all-anyone-can-pay       | per-payment | first   | third   | with another cable | 1800 W | 3 s   |
      | sign-with-another-key         | per-payment | first   | first   | without a restart  | 600 W  | 3 s   |
      | pay-an-absurd-fee             | single-fee  | second  | first   | without a restart  | 1800 W | 3 s   |
      | send-the-change-to-a-stranger | single-fee  | first   | third   | with another cable | 1800 W | 2 min |
      | underpay-one-satoshi          | per-payment | second  | third   | with another cable | 600 W  | 2 min |
      | underpay-one-satoshi          | per-payment | second  | second  | after a restart    | 1800 W | 3 s   |
      | send-the-change-to-a-stranger | per-payment | second  | first   | without a restart  | 1800 W | 3 s   |
      | pay-an-absurd-fee             | per-payment | second  | second  | after a restart    | 1800 W | 3 s   |
      | sign-with-another-key         | per-payment | second  | second  | after a restart    | 1800 W | 3 s   |
      | sign-all-anyone-can-pay       | per-payment | second  | first   | after a restart    | 1800 W | 3 s   |
      | lock-by-height                | per-payment | second  | second  | without a restart  | 1800 W | 3 s   |
      | skip-a-payment-number         | per-payment | second  | first   | after a restart    | 1800 W | 3 s   |
      | repeat-a-payment              | per-payment | second  | second  | without a restart  | 1800 W | 3 s   |

  @pairwise @REQ-PAY-5 @REQ-POWER-3 @REQ-CABLE-1 @REQ-CABLE-2 @REQ-CABLE-3 @REQ-CABLE-4
  Scenario Outline: The socket will <abuse>
    Given the cable is under test in <mode> mode
    And the load draws <power>
    And the cable pays for at most 4 payments
    And the socket will <abuse> from the <payment> payment on
    And the counterpart is honest at first
    When the devices are switched on
    And the <session> session comes to its <payment> payment <life>, after <rest> of rest
    And the counterpart begins to cheat
    And the counterpart has cheated
    Then the cable answers as the catalogue demands, within its time
    And the cable loses no more than the catalogue allows

    Examples:
      | abuse                    | mode        | session | payment | life              | power  | rest  |
      | overcharge-one-satoshi   | single-fee  | first   | first   | without a restart | 1800 W | 3 s   |
      | switch-the-payee         | per-payment | second  | second  | after a restart   | 600 W  | 3 s   |
      | divert-the-change        | per-payment | first   | third   | after a restart   | 1800 W | 2 min |
      | raise-the-fee            | single-fee  | second  | third   | without a restart | 600 W  | 2 min |
      | propose-a-lock-by-height | single-fee  | second  | second  | without a restart | 1800 W | 2 min |
      | ask-two-payments-ahead   | per-payment | first   | first   | without a restart | 600 W  | 2 min |
      | ask-again-and-again      | single-fee  | first   | second  | after a restart   | 600 W  | 2 min |
      | refuse-a-good-payment    | single-fee  | second  | first   | after a restart   | 600 W  | 2 min |
      | refuse-a-good-payment    | per-payment | first   | third   | without a restart | 1800 W | 3 s   |
      | ask-again-and-again      | per-payment | second  | third   | without a restart | 1800 W | 3 s   |
      | ask-two-payments-ahead   | single-fee  | second  | third   | after a restart   | 1800 W | 3 s   |
      | propose-a-lock-by-height | per-payment | first   | third   | after a restart   | 600 W  | 3 s   |
      | raise-the-fee            | per-payment | first   | first   | after a restart   | 1800 W | 3 s   |
      | divert-the-change        | single-fee  | second  | first   | without a restart | 600 W  | 3 s   |
      | switch-the-payee         | single-fee  | first   | third   | without a restart | 1800 W | 2 min |
      | overcharge-one-satoshi   | per-payment | second  | third   | after a restart   | 600 W  | 2 min |
      | overcharge-one-satoshi   | per-payment | second  | second  | after a restart   | 600 W  | 3 s   |
      | switch-the-payee         | per-payment | second  | first   | after a restart   | 1800 W | 3 s   |
      | divert-the-change        | per-payment | second  | second  | after a restart   | 600 W  | 3 s   |
      | raise-the-fee            | per-payment | second  | second  | after a restart   | 600 W  | 3 s   |
      | propose-a-lock-by-height | per-payment | second  | first   | after a restart   | 1800 W | 3 s   |
      | ask-two-payments-ahead   | per-payment | second  | second  | after a restart   | 600 W  | 3 s   |
      | ask-again-and-again      | per-payment | second  | first   | after a restart   | 1800 W | 3 s   |
      | refuse-a-good-payment    | per-payment | second  | second  | after a restart   | 600 W  | 3 s   |

  @pairwise @REQ-PLUG-1 @REQ-PLUG-2 @REQ-LEDGER-1
  Scenario Outline: The cable is pulled <moment> after a payment, and what was bought is settled
    Given the socket is under test in <mode> mode
    And the load draws 200 W
    And the cable pays for at most 4 payments
    When the devices are switched on
    And the <session> session comes to its <payment> payment <life>, after <rest> of rest
    And power flows again
    And <moment> have passed
    And the cable is pulled out of the socket
    And 3 s have passed
    Then the settlement was broadcast within 2 s of the unplugging
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

    Examples:
      | mode        | session | payment | life               | moment | rest  |
      | single-fee  | first   | first   | without a restart  | 100 ms | 3 s   |
      | per-payment | second  | second  | after a restart    | 2 min  | 3 s   |
      | per-payment | first   | third   | with another cable | 2 min  | 2 min |
      | single-fee  | second  | third   | with another cable | 100 ms | 3 s   |
      | single-fee  | second  | second  | without a restart  | 2 min  | 2 min |
      | per-payment | first   | first   | after a restart    | 100 ms | 2 min |
      | per-payment | first   | second  | with another cable | 100 ms | 3 s   |
      | per-payment | second  | first   | with another cable | 2 min  | 3 s   |
      | per-payment | second  | third   | without a restart  | 100 ms | 3 s   |
      | single-fee  | second  | third   | after a restart    | 100 ms | 3 s   |

  @pairwise @REQ-LEDGER-2 @REQ-POWER-3
  Scenario Outline: The coins are spent elsewhere <moment> after a payment
    Given the socket is under test in <mode> mode
    And the load draws 1800 W
    And the cable pays for at most 4 payments
    When the devices are switched on
    And the <session> session comes to its <payment> payment <life>, after <rest> of rest
    And the load changes to 200 W
    And power flows again
    And <moment> have passed
    And the cable spends its coins elsewhere with a higher fee
    Then the socket reports CONFLICT within 500 ms of the attack
    And the power was cut within 1 s of the attack
    And the socket lost at most 10700 sat

    Examples:
      | mode        | session | payment | life               | moment | rest  |
      | single-fee  | first   | first   | without a restart  | 100 ms | 3 s   |
      | per-payment | second  | second  | after a restart    | 2 min  | 3 s   |
      | per-payment | first   | third   | with another cable | 2 min  | 2 min |
      | single-fee  | second  | third   | with another cable | 100 ms | 3 s   |
      | single-fee  | second  | second  | without a restart  | 2 min  | 2 min |
      | per-payment | first   | first   | after a restart    | 100 ms | 2 min |
      | per-payment | first   | second  | with another cable | 100 ms | 3 s   |
      | per-payment | second  | first   | with another cable | 2 min  | 3 s   |
      | per-payment | second  | third   | without a restart  | 100 ms | 3 s   |
      | single-fee  | second  | third   | after a restart    | 100 ms | 3 s   |

  @pairwise @REQ-TIME-2 @REQ-LEDGER-1
  Scenario Outline: A <device> that hears nothing any more, <moment> after a payment, gives the other side up
    Given the <device> is under test in <mode> mode
    And the load draws 1800 W
    And the cable pays for at most 4 payments
    When the devices are switched on
    And the <session> session comes to its <payment> payment <life>, after <rest> of rest
    And the load changes to 200 W
    And power flows again
    And <moment> have passed
    And the link is half-open towards the <device> for 100 s
    Then the <device> gave the other side up within 61 s
    And the newest valid transaction was broadcast and confirms

    Examples:
      | device | mode        | session | payment | life              | moment | rest  |
      | socket | single-fee  | first   | first   | without a restart | 30 s   | 3 s   |
      | cable  | per-payment | second  | second  | after a restart   | 2 min  | 3 s   |
      | cable  | single-fee  | second  | third   | without a restart | 2 min  | 2 min |
      | socket | per-payment | first   | third   | after a restart   | 30 s   | 3 s   |
      | socket | per-payment | second  | first   | after a restart   | 2 min  | 2 min |
      | cable  | single-fee  | first   | second  | after a restart   | 30 s   | 2 min |
      | cable  | per-payment | first   | first   | without a restart | 2 min  | 3 s   |
      | socket | per-payment | second  | second  | without a restart | 30 s   | 3 s   |
      | socket | per-payment | second  | third   | without a restart | 30 s   | 3 s   |

  @pairwise @REQ-KEEP-1 @REQ-KEEP-2 @REQ-KEEP-3 @REQ-LEDGER-1
  Scenario Outline: The supply of the socket fails <moment> after a payment, for <gap>
    Given the socket is under test in <mode> mode
    And the load draws 1600 W
    And the cable pays for at most 4 payments
    When the devices are switched on
    And the <session> session comes to its <payment> payment <life>, after <rest> of rest
    And power flows again
    And <moment> have passed
    And the supply of the socket fails for <gap>
    And the session has ended
    Then at most 1.2 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And no receiving address was offered twice

    Examples:
      | mode        | session | payment | life               | moment | gap    | rest  |
      | single-fee  | first   | first   | without a restart  | 100 ms | 200 ms | 3 s   |
      | per-payment | second  | second  | after a restart    | 7 s    | 10 s   | 3 s   |
      | per-payment | first   | third   | with another cable | 7 s    | 200 ms | 2 min |
      | single-fee  | second  | third   | with another cable | 100 ms | 10 s   | 3 s   |
      | single-fee  | second  | second  | without a restart  | 7 s    | 200 ms | 2 min |
      | per-payment | first   | first   | after a restart    | 100 ms | 10 s   | 2 min |
      | per-payment | first   | second  | without a restart  | 100 ms | 10 s   | 3 s   |
      | single-fee  | second  | first   | with another cable | 7 s    | 10 s   | 3 s   |
      | single-fee  | second  | third   | after a restart    | 100 ms | 200 ms | 3 s   |
      | single-fee  | second  | third   | without a restart  | 100 ms | 10 s   | 3 s   |
      | single-fee  | second  | second  | with another cable | 100 ms | 10 s   | 3 s   |

  @pairwise @REQ-KEEP-1 @REQ-KEEP-2 @REQ-LEDGER-1
  Scenario Outline: The supply of the cable fails <moment> after a payment, for <gap>
    Given the cable is under test in <mode> mode
    And the load draws 1300 W
    And the cable pays for at most 4 payments
    When the devices are switched on
    And the <session> session comes to its <payment> payment <life>, after <rest> of rest
    And power flows again
    And <moment> have passed
    And the supply of the cable fails for <gap>
    And the session has ended
    Then the newest valid transaction was broadcast and confirms
    And no two signatures share a nonce

    Examples:
      | mode        | session | payment | life              | moment | gap    | rest  |
      | single-fee  | first   | first   | without a restart | 100 ms | 200 ms | 3 s   |
      | per-payment | second  | second  | after a restart   | 7 s    | 10 s   | 3 s   |
      | per-payment | first   | third   | after a restart   | 100 ms | 10 s   | 2 min |
      | single-fee  | second  | third   | without a restart | 7 s    | 200 ms | 3 s   |
      | single-fee  | second  | second  | without a restart | 100 ms | 10 s   | 2 min |
      | per-payment | first   | first   | after a restart   | 7 s    | 200 ms | 2 min |
      | per-payment | first   | second  | without a restart | 100 ms | 200 ms | 3 s   |
      | single-fee  | second  | first   | after a restart   | 100 ms | 10 s   | 3 s   |
      | single-fee  | second  | third   | after a restart   | 100 ms | 10 s   | 3 s   |

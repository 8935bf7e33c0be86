Feature: Long sessions and many of them
  What adds up must not: fees, rounding, drift, memory of payments.

  @REQ-PAY-3 @REQ-METER-1 @REQ-LOAD-1
  Scenario: Fifty payments become one transaction
    Given the socket is under test in single-fee mode
    And the cable's coins are worth 600000 sat
    And the load draws 1800 W
    And the cable pays for at most 50 payments
    When the devices are switched on
    And the session has ended
    Then 50 payments of 0.1 mBTC were accepted
    And the energy delivered is 400 Wh within 1 %
    And the power was never interrupted before the credit was spent
    And the socket reports 1.9 Wh to 2 Wh of credit left at each further request
    And the ledger holds 1 transaction with one fee each
    And the socket received 5 mBTC in all

  @REQ-PAY-2 @REQ-METER-1
  Scenario: Twenty payments, each of its own transaction
    Given the cable is under test in per-payment mode
    And the cable's coins are worth 400000 sat
    And the load draws 1800 W
    And the cable pays for at most 20 payments
    When the devices are switched on
    And the session has ended
    Then the cable signed 20 payments
    And no two signatures share a nonce
    And the ledger holds 20 transactions with one fee each
    And the socket received 2 mBTC in all

  @REQ-PLUG-3 @REQ-PRIV-1 @REQ-LEDGER-1
  Scenario: Five cables, one after another
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    And the cable is pulled out of the socket
    And another cable is plugged in
    And power flows again
    And 20 s have passed
    And the cable is pulled out of the socket
    And another cable is plugged in
    And power flows again
    And 20 s have passed
    And the cable is pulled out of the socket
    And another cable is plugged in
    And power flows again
    And 20 s have passed
    And the cable is pulled out of the socket
    And another cable is plugged in
    And power flows again
    And 20 s have passed
    Then 5 sessions began
    And no receiving address was offered twice
    And the ledger holds 5 transactions with one fee each
    And the socket received 0.5 mBTC in all

  @long @REQ-LOAD-1 @REQ-METER-1
  Scenario: A car is charged for eight hours, in payments for 80 Wh each
    Given the socket is under test in single-fee mode
    And the socket asks for payments of 1 mBTC
    And the socket sells up to 180 payments a session
    And the cable agrees to payments of at most 1 mBTC
    And the cable pays for at most 180 payments
    And the cable's coins are worth 200 mBTC
    And the load draws 1800 W
    When the devices are switched on
    And the first payment has been accepted
    And the lab meter is read once every 10 s from now on
    And 478 min have passed
    And the session has ended
    Then 180 payments of 1 mBTC were accepted
    And the energy delivered is 14.4 kWh within 1 %
    And the socket billed at most 60 Wh more than it delivered
    And the ledger holds 1 transaction with one fee each

  @long @REQ-PROGRAM-1
  Scenario Outline: An hour of payments leaves nothing behind in the program of the <device>
    Given the <device> is under test in <mode> mode
    And the load draws 1800 W
    And the socket sells up to 300 payments a session
    And the cable pays for at most 300 payments
    And the cable's coins are worth 50 mBTC
    When the devices are switched on
    And the first payment has been accepted
    And the lab meter is read once every 10 s from now on
    And 10 min have passed
    And the program of the <device> is watched from now on
    And 60 min have passed
    Then the program of the <device> grew by at most 4 MiB, 0 descriptors and 0 threads

    Examples:
      | device | mode       |
      | socket | single-fee |
      | cable  | single-fee |

Feature: A session outlives a restart and a gap of the link
  Both devices write their session down before anything that depends on it. After a power cut they go on where they
  were: no new transaction, no second fee, nothing paid twice (SPEC, "Restarts and lost links").

  @REQ-KEEP-1 @REQ-KEEP-2 @REQ-KEEP-3
  Scenario Outline: The socket's supply fails in the middle of a slice, in <mode> mode
    Given the socket is under test in <mode> mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the supply of the socket fails for 3 s
    And the session has ended
    Then power flowed again within 35 s of the restored supply
    And 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the energy delivered is 24 Wh within 3 %
    And the ledger holds <transactions> transactions with one fee each

    Examples:
      | mode        | transactions |
      | single-fee  | 1            |
      | per-payment | 3            |

  @REQ-KEEP-1 @REQ-KEEP-2 @REQ-POWER-5
  Scenario: The cable's supply fails while power flows
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And the supply of the cable fails for 1 s
    And the session has ended
    Then 1 session began
    And the cable signed 3 payments
    And the power was never interrupted before the credit was spent
    And the energy delivered is 24 Wh within 2 %
    And the ledger holds 1 transaction with one fee each

  @REQ-KEEP-2 @REQ-KEEP-3
  Scenario: A cable that restarts twice tells all that it had counted by its newest payment
    Given the cable is under test in single-fee mode
    And the load draws 600 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the third PAYMENT to the socket has passed
    And 1 s have passed
    And the supply of the cable fails for 1 s
    And 15 s have passed
    And the supply of the cable fails for 1 s
    And the session has ended
    Then 1 session began
    And the cable signed 3 payments
    And the power was never interrupted before the credit was spent

  @REQ-KEEP-2 @REQ-CABLE-3
  Scenario: A cable that restarts is offered what it did not agree to, and leaves its session
    Given socket and cable are a pair in single-fee mode
    And the load draws 500 W
    And the cable pays for at most 2 payments
    And someone on the line redirects the payee of the second OFFER to the cable to himself
    When the devices are switched on
    And the first payment has been accepted
    And the supply of the cable fails for 1 s
    And the second OFFER to the cable has passed
    And 1 s have passed
    Then the cable reports UNSUITABLE
    And the cable signed 1 payment
    And someone on the line received 0 sat in all

  @REQ-LINK-2 @REQ-POWER-5
  Scenario: The link is gone for less time than the credit lasts
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And the link is interrupted for 10 s
    And the session has ended
    Then 1 session began
    And the power was never interrupted before the credit was spent
    And the energy delivered is 24 Wh within 2 %

  @REQ-LINK-2 @REQ-LEDGER-1
  Scenario: The link is gone for longer, and the cable calls again with its change
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And the link is interrupted for 40 s
    And a block is mined
    And power flows again
    And the session has ended
    Then 2 sessions began
    And at most 0.1 Wh flowed unpaid
    And the ledger holds 2 transactions with one fee each

  @REQ-PLUG-1 @REQ-PLUG-2 @REQ-LEDGER-1
  Scenario: The cable is pulled, and the socket settles within two seconds
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is pulled out of the socket
    And 2 s have passed
    Then the newest valid transaction was broadcast and confirms
    And at most 0.1 Wh flowed unpaid
    And the socket received 0.1 mBTC in all

  @REQ-KEEP-1 @REQ-KEEP-2 @REQ-KEEP-3
  Scenario Outline: The socket's supply fails <at> after the first payment, in <mode> mode
    Given the socket is under test in <mode> mode
    And the load draws 1800 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And <at> have passed
    And the supply of the socket fails for 500 ms
    And the session has ended
    Then 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the ledger holds <transactions> transactions with one fee each
    And the socket received 0.3 mBTC in all

    Examples: Right after the credit, in mid-credit, while a top-up is asked for, and near the end
      | at       | mode        | transactions |
      | 10 ms    | single-fee  | 1            |
      | 6 s      | single-fee  | 1            |
      | 11980 ms | single-fee  | 1            |
      | 12050 ms | single-fee  | 1            |
      | 44 s     | per-payment | 3            |

  @REQ-KEEP-1 @REQ-KEEP-2
  Scenario Outline: The cable's supply fails <at> after the first payment, in <mode> mode
    Given the cable is under test in <mode> mode
    And the load draws 500 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And <at> have passed
    And the supply of the cable fails for 500 ms
    And the session has ended
    Then the cable signed 3 payments
    And the ledger holds <transactions> transactions with one fee each
    And the socket received 0.3 mBTC in all

    Examples:
      | at    | mode        | transactions |
      | 10 ms | single-fee  | 1            |
      | 6 s   | per-payment | 3            |
      | 28 s  | single-fee  | 1            |

  @REQ-KEEP-2 @REQ-KEEP-3 @REQ-METER-1
  Scenario: The socket's supply fails five times in one session
    Given the socket is under test in single-fee mode
    And the load draws 500 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 3 s have passed
    And the supply of the socket fails for 200 ms
    And power flows again
    And 3 s have passed
    And the supply of the socket fails for 1 s
    And power flows again
    And 3 s have passed
    And the supply of the socket fails for 200 ms
    And power flows again
    And 3 s have passed
    And the supply of the socket fails for 1 s
    And power flows again
    And 3 s have passed
    And the supply of the socket fails for 200 ms
    And the session has ended
    Then 1 session began
    And 2 payments of 0.1 mBTC were accepted
    And the ledger holds 1 transaction with one fee each

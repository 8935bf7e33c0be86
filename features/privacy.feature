Feature: Nothing is told that need not be
  Whoever listens on the line, reads the consoles or looks at the ledger learns of one session at a time.

  @REQ-PRIV-1
  Scenario: A cable that was pulled and calls again is offered another address
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is pulled out of the socket
    And 3 s have passed
    And a block is mined
    And the cable is plugged in again
    And power flows again
    Then 2 sessions began
    And no receiving address was offered twice

  @REQ-PRIV-1 @REQ-KEEP-1
  Scenario: No address comes back after a restart of the socket
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    And the cable is pulled out of the socket
    And the supply of the socket fails for 2 s
    And another cable is plugged in
    And power flows again
    Then 2 sessions began
    And no receiving address was offered twice

  @REQ-PRIV-2
  Scenario Outline: The <device> keeps its secrets, in <mode> mode
    Given the <device> is under test in <mode> mode
    And the load draws 1800 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    Then no secret of the <device> was told

    Examples:
      | device | mode        |
      | socket | single-fee  |
      | cable  | single-fee  |
      | cable  | per-payment |

  @REQ-PRIV-2
  Scenario: A cable that is refused and restarted keeps its secrets
    Given the cable is under test in single-fee mode
    And the socket asks for 1 sat too much from the second payment on
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    And the supply of the cable fails for 2 s
    And 20 s have passed
    Then no secret of the cable was told

  @REQ-PRIV-2
  Scenario Outline: No two signatures of the cable share a nonce, in <mode> mode
    Given the cable is under test in <mode> mode
    And the load draws 1800 W
    And the cable pays for at most 8 payments
    When the devices are switched on
    And the session has ended
    Then the cable signed 8 payments
    And no two signatures share a nonce

    Examples:
      | mode        |
      | single-fee  |
      | per-payment |

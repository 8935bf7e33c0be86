Feature: What is agreed before anything is paid
  The socket says what it asks for, the cable what it agrees to. Neither touches a key or a contact before the other's
  terms are within its own limits.

  @REQ-CABLE-3
  Scenario Outline: The cable refuses a socket that <what>
    Given the cable is under test in single-fee mode
    And the socket <what>
    And the load draws 100 W
    When the devices are switched on
    And 60 s have passed
    Then the cable reports <code>
    And the cable signed 0 payments
    And no power flowed

    Examples:
      | what | code              |
      | asks for 2500 sat/Wh           | TARIFF_TOO_HIGH   |
      | asks for payments of 20001 sat | QUANTUM_TOO_HIGH  |
      | offers a fee rate of 101 sat per vB | FEE_RATE_TOO_HIGH |

  @REQ-CABLE-3
  Scenario: The cable refuses payments that buy less than two honest meters may differ by
    Given the cable is under test in single-fee mode
    And the socket asks for 3000 sat/Wh
    And the socket asks for payments of 294 sat
    And the cable agrees to at most 3000 sat/Wh
    And the load draws 100 W
    When the devices are switched on
    And 40 s have passed
    Then the cable reports QUANTUM_TOO_LOW
    And the cable signed 0 payments
    And no power flowed

  @REQ-CABLE-3
  Scenario: A cable takes what is just within its limits
    Given the cable is under test in single-fee mode
    And the socket asks for 2000 sat/Wh
    And the socket asks for payments of 20000 sat
    And the socket offers a fee rate of 100 sat per vB
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then the cable signed 2 payments
    And the energy delivered is 20 Wh within 2 %
    And the ledger holds 1 transaction with one fee each

  @REQ-PAY-1 @REQ-METER-1
  Scenario Outline: A payment of <quantum> at <tariff> buys <energy>
    Given the socket is under test in single-fee mode
    And the socket asks for <tariff>
    And the socket asks for payments of <quantum>
    And the cable agrees to at most <tariff>
    And the cable agrees to payments of at most <quantum>
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then 2 payments of <quantum> were accepted
    And the energy delivered is <energy> within 2 %
    And at most 0.1 Wh flowed unpaid

    Examples:
      | quantum   | tariff      | energy   |
      | 10000 sat | 2500 sat/Wh | 8 Wh     |
      | 20000 sat | 2000 sat/Wh | 20 Wh    |
      | 10000 sat | 1333 sat/Wh | 15 Wh    |
      | 4000 sat  | 500 sat/Wh  | 16 Wh    |

  @REQ-PAY-5 @REQ-METER-1
  Scenario: Rounding costs less than a satoshi's worth in a whole session
    Given the socket is under test in single-fee mode
    And the socket asks for 1333 sat/Wh
    And the load draws 1800 W
    And the cable pays for at most 4 payments
    When the devices are switched on
    And the session has ended
    Then 4 payments of 10000 sat were accepted
    And the socket billed at most 0.2 Wh more than it delivered
    And the ledger holds 1 transaction with one fee each
    And the socket received 40000 sat in all

  @REQ-PAY-3
  Scenario Outline: One fee is paid at <rate> sat/vB, however low or high
    Given the socket is under test in single-fee mode
    And the socket offers a fee rate of <rate> sat per vB
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then the newest valid transaction was broadcast and confirms
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all

    Examples:
      | rate |
      | 1    |
      | 100  |

  @REQ-SOCKET-2
  Scenario: Coins that are not buried as deep as the socket demands are refused until they are
    Given the socket is under test in single-fee mode
    And the socket demands 3 confirmations
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And 35 s have passed
    And a block is mined
    And a block is mined
    And the first payment has been accepted
    And the session has ended
    Then the socket reports COIN_UNCONFIRMED
    And no power flowed before the first payment was accepted
    And 1 payment of 0.1 mBTC was accepted

  @REQ-PAY-6
  Scenario Outline: The session ends in order when <who> has enough
    Given the socket is under test in single-fee mode
    And the socket sells up to <sold> payments a session
    And the cable pays for at most <budget> payments
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the socket asked for 2 payments
    And the device under test closes the session as LIMIT_REACHED
    And the energy delivered is 16 Wh within 1 %
    And at most 0.1 Wh flowed unpaid

    Examples:
      | who        | sold | budget |
      | the socket | 2    | 50     |
      | the cable  | 50   | 2      |

  @REQ-PAY-6 @REQ-LINK-4
  Scenario: A cable that is told of the end of what is sold does not call again
    Given the cable is under test in single-fee mode
    And the socket sells up to 1 payments a session
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    And 30 s have passed
    Then 1 session began
    And the cable signed 1 payment

  @REQ-METER-1
  Scenario: A socket offers no more payments than a receipt can credit
    Given the socket is under test in single-fee mode
    And the socket asks for 1 sat/Wh
    And the socket asks for payments of 1000000 sat
    And the socket sells up to 65535 payments a session
    And the cable agrees to payments of at most 1000000 sat
    And the cable's coins are worth 2000000 sat
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 3 s have passed
    Then 1 payment of 1000000 sat was accepted

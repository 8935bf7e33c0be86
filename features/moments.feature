Feature: At the worst moment
  What can happen to a session, at the moments at which one would not have it: while coins and payments are checked, while
  a payment is awaited, before anything is sold, and after a restart (SPEC, "The socket": each of its states).

  @REQ-POWER-1
  Scenario Outline: The cable is pulled <wait> after the first <message>, and nothing is sold
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And every FUNDING to the socket is delayed by 1 s
    When the devices are switched on
    And the node takes 400 ms to answer
    And the first <message> <way> has passed
    And <wait> have passed
    And the cable is pulled out of the socket
    And 5 s have passed
    Then no power flowed
    And the device under test closes the session as UNPLUGGED

    Examples:
      | message | way           | wait   |
      | OFFER   | to the cable  | 100 ms |
      | FUNDING | to the socket | 1.1 s  |
      | PAYMENT | to the socket | 100 ms |

  @REQ-PLUG-2 @REQ-LEDGER-1
  Scenario Outline: The cable is pulled <wait> after the second <message>, and what was bought is settled
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And every PAYMENT to the socket is delayed by 1 s
    When the devices are switched on
    And the node takes 400 ms to answer
    And the second <message> <way> has passed
    And <wait> have passed
    And the cable is pulled out of the socket
    Then the settlement was broadcast within 2 s of the unplugging
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

    Examples:
      | message         | way           | wait   |
      | PAYMENT_REQUEST | to the cable  | 100 ms |
      | PAYMENT         | to the socket | 1.1 s  |

  @REQ-TIME-2
  Scenario: A cable that falls silent after its HELLO is given up
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And everything to the socket vanishes for 100 s from the first FUNDING on
    When the devices are switched on
    And 100 s have passed
    Then the socket gave the other side up within 60 s
    And no power flowed

  @REQ-TIME-2 @REQ-LINK-1
  Scenario Outline: A cable that will <abuse> is given up like one that is silent
    Given the socket is under test in single-fee mode
    And the load draws 50 W
    And the cable pays for at most 1 payments
    And the cable will <abuse>
    When the devices are switched on
    And the first payment has been accepted
    And 80 s have passed
    Then the device under test closes the session as PEER_SILENT
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

    Examples:
      | abuse                  |
      | repeat-its-first-meter |
      | talk-nonsense          |

  @REQ-TIME-2 @REQ-LEDGER-1
  Scenario: A cable that falls silent when a payment is due is given up, and what was bought is settled
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And everything to the socket vanishes for 100 s from the second PAYMENT on
    When the devices are switched on
    And the second PAYMENT to the socket has passed
    And the load changes to 50 W
    And the session has ended
    Then the socket gave the other side up within 60 s
    And the power was cut within 60 s of the failure of the link
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

  @REQ-TIME-2
  Scenario: A socket that falls silent when it was paid is given up, and nothing more is signed
    Given the cable is under test in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    And everything to the cable vanishes for 100 s from the first RECEIPT on
    When the devices are switched on
    And the first RECEIPT to the cable has passed
    And 70 s have passed
    Then the cable gave the other side up within 60 s
    And the cable signed 1 payment

  @REQ-LEDGER-4 @REQ-POWER-1
  Scenario: The node falls behind while the first payment is checked, and nothing is sold
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first PAYMENT_REQUEST to the cable has passed
    And the node takes 600 ms to answer
    And 2 s have passed
    Then the socket reports LEDGER_UNAVAILABLE
    And no power flowed

  @REQ-LEDGER-4
  Scenario Outline: The node falls behind while the next payment is <state>
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And the next PAYMENT to the socket is delayed by <late>
    And the second <message> <way> has passed
    And the node takes 600 ms to answer
    Then the power was cut within 1.5 s of the attack
    And the socket reports LEDGER_UNAVAILABLE
    And at most 0.1 Wh flowed unpaid
    When the node answers at once again
    Then the socket had its payment on the ledger again within 5 s of the relief

    Examples:
      | state   | late | message         | way           |
      | awaited | 4 s  | PAYMENT_REQUEST | to the cable  |
      | checked | 1 ms | PAYMENT         | to the socket |

  @REQ-LEDGER-2 @REQ-POWER-3
  Scenario: The coins are spent elsewhere while the next payment is awaited
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And the next PAYMENT to the socket is delayed by 4 s
    And the second PAYMENT_REQUEST to the cable has passed
    And the cable spends its coins elsewhere with a higher fee
    Then the socket reports CONFLICT within 500 ms of the attack
    And the power was cut within 1 s of the attack
    And the socket lost at most 10000 sat

  @REQ-LEDGER-2 @REQ-POWER-3
  Scenario: The coins are spent elsewhere as the next payment arrives, and the node answers late
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And the next PAYMENT to the socket is delayed by 3 s
    And the node takes 400 ms to answer
    And the second PAYMENT to the socket has passed
    And 2.63 s have passed
    And the cable spends its coins elsewhere with a higher fee
    Then the power was cut within 1.4 s of the attack
    And 1 payments of 0.1 mBTC were accepted
    And the socket lost at most 10000 sat

  @REQ-SOCKET-3 @REQ-POWER-1
  Scenario: The coins are spent elsewhere before the first payment, and the socket sells nothing for it
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable will spend-the-coin-before-paying from the first payment on
    When the devices are switched on
    And the session has ended
    Then no power flowed
    And the socket received 0 sat in all

  @REQ-POWER-1 @REQ-POWER-4
  Scenario: The credit ends while the next payment is checked, and power comes back when it is good
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And the next PAYMENT to the socket is delayed by 5.25 s
    And the node takes 400 ms to answer
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And at most 0.1 Wh flowed unpaid
    And the energy delivered is 16 Wh within 2 %
    And the ledger holds 1 transaction with one fee each

  @REQ-KEEP-2 @REQ-KEEP-3 @REQ-LEDGER-1
  Scenario Outline: <what> before a socket that was restarted hears of its cable again, and it is settled
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And the first METER to the socket has passed
    And the supply of the socket fails for 1 s
    And every METER to the socket is dropped
    And 23 s have passed
    And <happens>
    And the session has ended
    Then the device under test closes the session as <reason>
    And 1 session began
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

    Examples:
      | what                      | happens                                      | reason         |
      | CLOSE is forged           | someone on the line says CLOSE to the socket | PEER_CLOSED    |
      | HELLO is forged           | someone on the line says HELLO to the socket | PEER_RESTARTED |
      | The cable is pulled       | the cable is pulled out of the socket        | UNPLUGGED      |
      | The link is gone for good | the link is interrupted for 90 s             | PEER_SILENT    |

  @REQ-KEEP-1 @REQ-LEDGER-1
  Scenario: The supply fails between the end of the credit and the settlement, which is made up for
    Given the socket is under test in single-fee mode
    And the load draws 1100 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the node takes 400 ms to answer
    And power flows again
    And the power is off
    And the supply of the socket fails for 1 s
    And 30 s have passed
    Then 1 session began
    And the energy delivered is 8 Wh within 2 %
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

  @REQ-KEEP-2 @REQ-PAY-6
  Scenario: A cable comes back when its session is over and its budget is spent, and stays silent
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And the supply of the cable fails for 30 s
    And 40 s have passed
    Then 1 session began
    And the cable signed 1 payment
    And the energy delivered is 8 Wh within 2 %
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

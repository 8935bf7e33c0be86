Feature: Smoke
  A few short sessions that show every part at work, on a bench in virtual time and on one in real time (make smoke).
  What they ask holds at any tariff.

  @smoke @REQ-PAY-3
  Scenario: The socket sells a short session
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then the first payment was accepted within 27 s of power-on
    And 2 payments of 0.1 mBTC were accepted
    And no power flowed before the first payment was accepted
    And power flowed within 3 s of the first payment
    And the power was never interrupted before the credit was spent
    And at most 0.1 Wh flowed unpaid
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all

  @smoke @REQ-POWER-3 @REQ-SOCKET-1
  Scenario: The socket cuts off a cable that underpays
    Given the socket is under test in per-payment mode
    And the load draws 1800 W
    And the cable underpays by 1 sat from the second payment on
    When the devices are switched on
    And the session has ended
    Then the power was cut within 500 ms of the refused payment
    And 1 payments of 0.1 mBTC were accepted
    And the socket reports UNDERPAID
    And the newest valid transaction was broadcast and confirms
    And the socket received 10000 sat in all

  @smoke @REQ-PAY-3
  Scenario: The cable buys
    Given the cable is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 1 s have passed
    Then the first payment was accepted within 27 s of power-on
    And power flowed within 3 s of the first payment
    And the cable signed 1 payment

  @smoke @REQ-KEEP-2
  Scenario: The socket's supply fails, and the session goes on
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 2 s have passed
    And the supply of the socket fails for 1 s
    And the session has ended
    Then 1 session began
    And 1 payments of 0.1 mBTC were accepted
    And power flowed again within 35 s of the restored supply
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.1 mBTC in all

  @smoke @REQ-BOOT-1 @REQ-POWER-2 @REQ-POWER-4 @REQ-PAY-3
  Scenario: Both devices are real, and the rig listens in
    Given socket and cable are a pair in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    Then the first payment was accepted within 27 s of power-on
    And 1 payments of 0.1 mBTC were accepted
    And the cable signed 1 payment
    And power flowed within 3 s of the first payment
    And at most 0.1 Wh flowed unpaid
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.1 mBTC in all

@REQ-METER-3
Feature: A socket that is out of order
  Its own contact or meter does not do what it should: welded, deaf, silent, standing still. Then it ends its session,
  settles, and sells nothing until it has been seen to (SPEC, "Energy and meters").

  @REQ-LEDGER-1
  Scenario: A contact that does not open is noticed, and the next cable is sold nothing
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the socket's own contact welds shut, as a seeded fault
    And the cable is pulled out of the socket
    And 3 s have passed
    And a block is mined
    And the cable is plugged in again
    And 20 s have passed
    Then 1 session began
    And 1 payments of 0.1 mBTC were accepted
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

  @REQ-POWER-2
  Scenario: A contact that does not close is noticed after the first payment, and no second one is taken
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the socket's own contact ignores its coil, as a seeded fault
    And the session has ended
    And 20 s have passed
    Then the device under test closes the session as FAULT
    And no power flowed
    And 1 session began
    And 1 payments of 0.1 mBTC were accepted
    And the newest valid transaction was broadcast and confirms

  Scenario: A socket whose meter is silent when it starts offers nothing
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the socket's own meter falls silent, as a seeded fault
    And 40 s have passed
    Then 0 sessions began
    And no power flowed

  @REQ-POWER-3 @REQ-LEDGER-1
  Scenario Outline: A meter that <fails> in the middle of a session ends it
    Given the socket is under test in <mode> mode
    And the load draws 1800 W
    And the cable pays for at most 5 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the socket's own meter <fails>, as a seeded fault
    And the session has ended
    And 20 s have passed
    Then the power was cut within <limit> of the seeded fault
    And at most 0.1 Wh flowed unpaid
    And the meter of the device under test agrees with the lab's within 20 %
    And the device under test closes the session as FAULT
    And 1 session began
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

    Examples:
      | fails        | mode        | limit  |
      | falls silent | single-fee  | 500 ms |
      | falls silent | per-payment | 500 ms |
      | stands still | single-fee  | 1 s    |
      | steps back by 1 Wh | single-fee | 1 s |

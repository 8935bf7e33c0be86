Feature: Twenty minutes in which nothing happens
  Timers that wrap, counts of repeated messages and sessions that grow old show after minutes, not after seconds. A device
  that had nothing to do for twenty minutes does its work afterwards as if it had just been switched on.

  @REQ-PLUG-3 @REQ-POWER-1
  Scenario: The cable is plugged in twenty minutes after socket and cable were switched on
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the cable is pulled out of the socket
    And 20 min have passed
    And the cable is plugged in again
    And the first payment has been accepted
    And the session has ended
    Then no power flowed before the first payment was accepted
    And 2 payments of 0.1 mBTC were accepted
    And the energy delivered is 16 Wh within 5 %
    And the newest valid transaction was broadcast and confirms

  @REQ-PLUG-3 @REQ-POWER-1
  Scenario: Twenty minutes pass between two sessions
    Given socket and cable are a pair in per-payment mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is pulled out of the socket
    And 2 min have passed
    And a block is mined
    And 20 min have passed
    And the cable is plugged in again
    And power flows again
    And the session has ended
    Then 2 sessions began
    And at most 0.1 Wh flowed unpaid

  @REQ-TIME-3
  Scenario: A pause of the appliance begins anew when the mains come back
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 3 s have passed
    And the load is switched off
    And 5 s have passed
    And the mains ahead of the socket's contact are interrupted for 8 s
    And 5 s have passed
    And the load is switched on again
    And the session has ended
    Then 1 session began
    And the cable signed 2 payments

  @REQ-LOAD-1 @REQ-METER-1 @REQ-POWER-5
  Scenario Outline: An appliance in standby for twenty minutes keeps its session, with the <device> under test
    Given the <device> is under test in <mode> mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the load changes to 10 W
    And 20 min have passed
    And the load changes to 1300 W
    And the session has ended
    Then 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And the energy delivered is 24 Wh within 10 %

    Examples:
      | device | mode        |
      | socket | single-fee  |
      | cable  | per-payment |

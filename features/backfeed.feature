Feature: Power that flows back
  A solar inverter with a plug, or a battery, can stand behind the cable. What it feeds into the mains is nothing that was
  sold: it is neither billed nor credited, and it does not undo what was delivered before.

  @REQ-METER-5 @REQ-METER-1
  Scenario Outline: A solar inverter behind the cable of the <device> costs nothing and earns nothing
    Given the <device> is under test in single-fee mode
    And a solar inverter of 400 W is plugged into the cable
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 60 s have passed
    Then the energy that flowed back was 6.6 Wh within 4 %
    And the socket billed at most 0.1 Wh more than it delivered
    And 1 payment of 0.1 mBTC was accepted
    And the power factor was between -1 and -0.98

    Examples:
      | device |
      | socket |
      | cable  |

  @REQ-METER-5 @REQ-POWER-3
  Scenario: The contact keeps power from flowing back without a payment, too
    Given the socket is under test in single-fee mode
    And a solar inverter of 400 W is plugged into the cable
    And the cable does not pay from the first payment on
    When the devices are switched on
    And 60 s have passed
    Then no power flowed
    And at most 0.01 Wh flowed back

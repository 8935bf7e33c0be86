Feature: Power factor and crest factor
  Most appliances draw more amperes than their power needs: motors draw a current that comes late, chargers and dimmers one
  that flows in pulses. What is sold is active energy. A socket that takes volts times amperes for it bills up to three
  times what it delivered.

  @REQ-METER-4 @REQ-METER-1
  Scenario Outline: The <device> counts active energy at power factor <factor>
    Given the <device> is under test in single-fee mode
    And the load draws <power> at power factor <factor>
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then the meter of the device under test agrees with the lab's within 2 %
    And the energy delivered is 16 Wh within 2 %
    And the power factor was between <least> and <most>

    Examples:
      | device | power  | factor | least | most |
      | socket | 800 W  | 0.5    | 0.48  | 0.52 |
      | socket | 500 W  | 0.3    | 0.29  | 0.31 |
      | socket | 1300 W | 0.8    | 0.78  | 0.82 |
      | cable  | 800 W  | 0.5    | 0.48  | 0.52 |

  @REQ-METER-4 @REQ-METER-1
  Scenario: The socket bills an appliance whose current flows in pulses by its active energy
    Given the socket is under test in per-payment mode
    And the load draws 800 W at power factor 0.55 and crest factor 3
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the energy delivered is 16 Wh within 1 %
    And the socket billed at most 0.2 Wh more than it delivered
    And the power factor was between 0.53 and 0.57

  @REQ-METER-4 @REQ-LOAD-1
  Scenario Outline: The socket sells to a <appliance>
    Given the socket is under test in single-fee mode
    And the load plays a <appliance>
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 30 s have passed
    Then the meter of the device under test agrees with the lab's within <percent>
    And the power was never interrupted before the credit was spent
    And the power factor was between <least> and <most>

    Examples:
      | appliance     | percent | least | most |
      | fan-motor     | 4 %     | 0.37  | 0.63 |
      | dimmer        | 2 %     | 0.68  | 0.74 |

  @REQ-METER-4 @REQ-METER-1
  Scenario: The power factor changes in the middle of a session, and the count follows the power
    Given the socket is under test in single-fee mode
    And the load draws 900 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the load changes to 700 W at power factor 0.5
    And 20 s have passed
    And the load changes to 600 W at power factor 0.5 and crest factor 3
    And 20 s have passed
    And the load changes to 900 W at power factor 1
    And the session has ended
    Then the meter of the device under test agrees with the lab's within 1 %
    And the energy delivered is 24 Wh within 1 %

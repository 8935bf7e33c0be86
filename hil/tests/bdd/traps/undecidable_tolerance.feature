Feature: The meter is too vague for the tolerance
  Scenario: The energy is known to a hair
    Given the socket is under test in single-fee mode
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 40 Wh within 0.01 %

Feature: A value that does nothing
  Scenario: The cable pays all of it
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable underpays by 0 sat from the second payment on
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 8 Wh within 2 %

Feature: A scenario demands nothing
  @REQ-POWER-3
  Scenario: Nothing is checked
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the session has ended

Feature: A requirement is misspelt
  @REQ-POWER-99
  Scenario: The load draws its power
    Given the socket is under test in single-fee mode
    And the load draws 300 W
    When the devices are switched on

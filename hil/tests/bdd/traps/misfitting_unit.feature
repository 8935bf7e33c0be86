Feature: A unit does not fit
  Scenario: The load draws a weight
    Given the socket is under test in single-fee mode
    And the load draws 5 kg
    When the devices are switched on

Feature: An outline has no Examples
  Scenario Outline: The load draws <power>
    Given the socket is under test in single-fee mode
    And the load draws <power>
    When the devices are switched on

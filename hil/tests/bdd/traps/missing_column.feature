Feature: A step uses a column that is not there
  Scenario Outline: The load draws <power>
    Given the socket is under test in single-fee mode
    And the load draws <pwoer>
    When the devices are switched on

    Examples:
      | power  |
      | 1300 W |

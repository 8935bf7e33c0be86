Feature: Two rows are the same
  Scenario Outline: The load draws <power>
    Given the socket is under test in single-fee mode
    And the load draws <power>
    When the devices are switched on

    Examples:
      | power |
      | 300 W |
      | 300 W |

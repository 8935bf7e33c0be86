Feature: No step uses a column
  Scenario Outline: The load draws its power
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on

    Examples:
      | power |
      | 300 W |
      | 900 W |

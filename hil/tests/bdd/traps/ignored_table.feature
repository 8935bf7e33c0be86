Feature: A table stands below a step that takes none
  Scenario: The load draws several powers
    Given the socket is under test in single-fee mode
    And the load draws 300 W
      | 600 W |
      | 900 W |
    When the devices are switched on

Feature: An amount that money cannot be counted in
  Scenario: The cable has next to nothing
    Given the socket is under test in single-fee mode
    And the cable's coins are worth 0.5 sat
    When the devices are switched on

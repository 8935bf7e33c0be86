Feature: Two scenarios have one name
  Scenario: The load draws its power
    Given the socket is under test in single-fee mode
    And the load draws 300 W
    When the devices are switched on

  Scenario: The load draws its power
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on

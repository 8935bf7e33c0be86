Feature: A value is outside what the rig can do
  Scenario: The load of 1.8 kW draws 2 kW
    Given the socket is under test in single-fee mode
    And the load draws 2 kW
    When the devices are switched on

Feature: The rig lacks what a scenario needs
  @rig_feature(programmable-mains)
  Scenario: It sells at low voltage
    Given the socket is under test in single-fee mode
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 8 Wh within 2 %

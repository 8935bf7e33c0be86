Feature: The rig lacks what a scenario needs
  @rig_feature(climate-chamber)
  Scenario: It sells in the cold
    Given the socket is under test in single-fee mode
    When the devices are switched on

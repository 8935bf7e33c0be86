Feature: One requirement is shown, all others are not
  @REQ-POWER-1
  Scenario: No power without payment
    Given the socket is under test in single-fee mode
    When the devices are switched on

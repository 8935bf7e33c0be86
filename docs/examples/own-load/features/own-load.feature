Feature: The outlet delivers what an appliance draws
  The appliance is the load of this laboratory, an Acme EL1500.

  @REQ-OWN-1
  Scenario: The power follows the load
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And the load changes to 600 W
    And the session has ended
    Then the power was within 2 % of what the load was told

@REQ-BOOT-1
Feature: The boot budget
  The prototype needed 27 s from power-on to the first payment (slides). That is the most a device may take.

  @REQ-POWER-1
  Scenario: A socket takes its first payment within the budget
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And the first payment has been accepted
    Then the first payment was accepted within 27 s of power-on
    And no power flowed before the first payment was accepted

  Scenario: A cable makes its first payment within the budget
    Given the cable is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And the first payment has been accepted
    Then the first payment was accepted within 27 s of power-on

  Scenario: A socket that needs 31 s is found to be too slow
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    And the device under test needs 10 s longer to start, as a seeded defect
    When the devices are switched on
    And the first payment has been accepted
    Then the first payment was accepted later than 27 s after power-on

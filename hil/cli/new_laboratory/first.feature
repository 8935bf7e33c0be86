Feature: The first scenario
  A smart cable pays a smart socket for 8 Wh. `hil steps WORD` finds more steps; `hil new feature NAME` begins a feature.

  @REQ-LAB-1 @REQ-LAB-2
  Scenario: One payment buys 8 Wh
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 8 Wh within 2 %
    And the appliance drew at most 1350 W

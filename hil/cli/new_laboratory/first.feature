Feature: The first scenario
  A smart cable pays a smart socket. `hil steps WORD` finds more steps; `hil new feature NAME` begins a feature.
  What the scenario asks holds at any tariff: on the virtual rig, on a virtual fleet, and on a bench.

  @REQ-LAB-1 @REQ-LAB-2
  Scenario: One payment buys what the tariff says
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    Then 1 payment of 0.1 mBTC was accepted
    And the power was never interrupted before the credit was spent
    And at most 0.1 Wh flowed unpaid
    And the appliance drew at most 1350 W

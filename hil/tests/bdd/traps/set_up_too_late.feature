Feature: What is set up too late has no effect
  Scenario: The load draws too late
    Given the socket is under test in single-fee mode
    When the devices are switched on
    Given the load draws 1300 W
    When the session has ended
    Then the energy delivered is 8 Wh within 2 %

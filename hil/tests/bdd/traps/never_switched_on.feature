Feature: The devices stay off
  Scenario: They are not switched on
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the session has ended
    Then the energy delivered is 8 Wh within 2 %

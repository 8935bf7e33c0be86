@core @REQ-CABLE-1 @REQ-CABLE-2 @REQ-POWER-3 @REQ-PAY-5
Feature: A cable does not sign what it did not agree to
  The socket proposes the transactions, so the cable must check each before it signs. It walks away from a wrong one and
  loses nothing that it did not use.

  Scenario Outline: The socket <cheats> from the second payment on
    Given the cable is under test in single-fee mode
    And the load draws 1600 W
    And the socket <cheats> from the second payment on
    When the devices are switched on
    And the session has ended
    Then the cable signed 1 payment
    And the cable reports <code>
    And the power was cut within 500 ms of the refused request
    And the newest valid transaction was broadcast and confirms
    And the socket received 10000 sat in all

    Examples:
      | cheats                  | code            |
      | asks for 1 sat too much | OVERPAID        |
      | diverts the change      | CHANGE_DIVERTED |

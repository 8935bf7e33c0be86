Feature: The timer
  It sells nothing and asks for nothing: it switches.

  Background:
    Given a socket of another kind is under test
    And the load draws 1300 W

  @REQ-TIMER-1
  Scenario Outline: It delivers for the time that it was told, <time>
    When the devices are switched on
    And 2 s have passed
    And the timer is told to deliver for <time>
    And 75 s have passed
    Then the timer answered within 100 ms
    And power flowed within 500 ms of the command
    And the timer delivered for <time>, give or take 500 ms
    And the energy delivered is <energy> within 5 %

    Examples:
      | time | energy   |
      | 60 s | 21.67 Wh |
      | 10 s | 3.6 Wh   |

  @REQ-TIMER-2
  Scenario: It stays off until it is told, also after a power cut
    When the devices are switched on
    And 5 s have passed
    And the supply of the socket fails for 2 s
    And 10 s have passed
    Then no power flowed

  @REQ-TIMER-2
  Scenario: A power cut ends what it was told
    When the devices are switched on
    And the timer is told to deliver for 60 s
    And 5 s have passed
    And the supply of the socket fails for 2 s
    And 60 s have passed
    Then the timer delivered for 5 s, give or take 500 ms

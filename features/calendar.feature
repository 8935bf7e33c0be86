Feature: A device's calendar is set, and its session goes on
  A calendar jumps by years when its battery fails or when it is set over a network. Sessions, limits and amounts are
  reckoned by how long something takes, never by the date (SPEC, "Timers and limits").

  @REQ-TIME-3
  Scenario Outline: The calendar of the socket is set <way> by <how far> in mid-session
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    And the socket has a calendar that can be set
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the calendar of the socket is set <way> by <how far>
    And the session has ended
    Then 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And the energy delivered is 24 Wh within 2 %
    And the newest valid transaction was broadcast and confirms

    Examples: Three years, and the hour of summer time
      | way     | how far |
      | forward | 26280 h |
      | back    | 26280 h |
      | forward | 1 h     |

  @REQ-TIME-3
  Scenario: The calendar of the cable is set forward by three years and back
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    And the cable has a calendar that can be set
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the calendar of the cable is set forward by 26280 h
    And 20 s have passed
    And the calendar of the cable is set back by 26280 h
    And the session has ended
    Then 1 session began
    And the cable signed 3 payments
    And the energy delivered is 24 Wh within 2 %

  @REQ-TIME-3 @REQ-KEEP-2
  Scenario: The calendar of the socket is set back while its supply fails
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    And the socket has a calendar that can be set
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the calendar of the socket is set back by 26280 h
    And the supply of the socket fails for 3 s
    And the session has ended
    Then 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the energy delivered is 24 Wh within 3 %

Feature: The meter is too slow for the limit
  Scenario: The socket is faster than the meter
    Given the socket is under test in single-fee mode
    And the cable underpays by 1 sat from the third payment on
    When the devices are switched on
    And the session has ended
    Then the power was cut within 20 ms of the refused payment

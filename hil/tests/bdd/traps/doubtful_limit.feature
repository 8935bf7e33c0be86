Feature: The meter is too vague for the limit, if it errs as far as it may
  Scenario: Hardly anything flows unpaid
    Given the socket is under test in single-fee mode
    And a toaster of 1300 W is plugged into the cable
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then at most 0.1 Wh flowed unpaid

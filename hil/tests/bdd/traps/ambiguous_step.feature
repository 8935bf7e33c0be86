Feature: Two definitions fit a step
  Scenario: The power is off at the end
    Then the power is off

Feature: The step is a coroutine
  Scenario: The power is off at the end
    Then the power is off

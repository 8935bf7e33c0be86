Feature: A scenario has no step
  Scenario: To be written next week

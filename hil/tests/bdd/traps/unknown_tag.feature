Feature: A tag is misspelt
  @smok
  Scenario: The load draws its power
    Given the socket is under test in single-fee mode
    And the load draws 300 W
    When the devices are switched on

Feature: A step is not defined
  Scenario: The socket is told to stop
    Given the socket is under test in single-fee mode
    When the devices are switched on
    Then the sokcet has stopped

Feature: A keyword is misspelt
  Scenario: The cable pays, the socket delivers
    Giben the socket is under test in single-fee mode
    Whne the devices are switched on

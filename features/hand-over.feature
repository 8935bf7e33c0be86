@core
Feature: One socket, one cable after another
  A socket owes the cable that paid, and nobody else. What a cable leaves behind, credit or debt, is not the next one's.

  @REQ-PLUG-3 @REQ-POWER-1 @REQ-LEDGER-1
  Scenario: Another cable inherits no credit
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is pulled out of the socket
    And 3 s have passed
    And another cable is plugged in
    And power flows again
    And the session has ended
    And 30 s have passed
    Then 2 sessions began
    And the energy delivered is 9.8 Wh within 3 %
    And the ledger holds 2 transactions with one fee each
    And the socket received 0.2 mBTC in all

  @REQ-PLUG-3 @REQ-PRIV-1
  Scenario: Another cable is offered another address
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    And the cable is pulled out of the socket
    And another cable is plugged in
    And power flows again
    And the cable is pulled out of the socket
    And 3 s have passed
    And another cable is plugged in
    And power flows again
    Then 3 sessions began
    And no receiving address was offered twice
    And no change address was declared twice

  @REQ-PLUG-3 @REQ-LEDGER-1
  Scenario: An honest cable is served after one that cheated
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 2 payments
    And the cable underpays by 1 sat from the second payment on
    When the devices are switched on
    And the session has ended
    And the cable is pulled out of the socket
    And another cable is plugged in
    And power flows again
    And 35 s have passed
    Then the socket reports UNDERPAID
    And 2 sessions began
    And the ledger holds 2 transactions with one fee each

  @REQ-PLUG-3 @REQ-LEDGER-1
  Scenario: A cable that is pulled before it paid owes nothing
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable does not pay from the first payment on
    When the devices are switched on
    And 30 s have passed
    And the cable is pulled out of the socket
    And 3 s have passed
    Then no power flowed
    And the ledger holds 0 transactions with one fee each

  @REQ-PLUG-1 @REQ-PLUG-3
  Scenario: A plug that is pulled and put back ten times costs the cable one payment, and the socket nothing
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 15 s have passed
    And the plug bounces 10 times within 5 s
    And 60 s have passed
    Then at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

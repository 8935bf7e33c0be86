Feature: A cable calls again
  A session may end before the appliance has what it needs. A cable calls again where another session can go better, with the
  coins that it has left, within the budget that it has left, and never for a socket that took a payment and gave nothing.

  @REQ-LINK-2 @REQ-KEEP-2 @REQ-PAY-6
  Scenario: The link is gone for longer than the credit lasts, and the cable pays on with its change
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And the link is interrupted for 40 s
    And a block is mined
    And power flows again
    And the session has ended
    Then 2 sessions began
    And the cable signed 2 payments
    And the energy delivered is 24 Wh within 2 %
    And the ledger holds 2 transactions with one fee each

  @REQ-LINK-2 @REQ-KEEP-1 @REQ-KEEP-2
  Scenario: The cable restarts before it calls again, and pays on with its change
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And the link is interrupted for 40 s
    And a block is mined
    And 12 s have passed
    And the supply of the cable fails for 1 s
    And power flows again
    And the session has ended
    Then 2 sessions began
    And the ledger holds 2 transactions with one fee each

  @REQ-LINK-2 @REQ-KEEP-3 @REQ-PAY-6
  Scenario: The second payment is lost with the link, and the cable pays on with the change of the first
    Given the cable is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 3 payments
    And the link breaks for 40 s before the second PAYMENT to the socket
    When the devices are switched on
    And the first payment has been accepted
    And 30 s have passed
    And a block is mined
    And power flows again
    And the session has ended
    Then 2 sessions began
    And the energy delivered is 16 Wh within 2 %
    And the ledger holds 2 transactions with one fee each

  @REQ-KEEP-3 @REQ-PRIV-1
  Scenario: The cable is switched on five times before it pays on, and still has the key of its first change
    Given the cable is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 3 payments
    And the link breaks for 100 s after the first RECEIPT to the cable
    When the devices are switched on
    And the first payment has been accepted
    And 25 s have passed
    And a block is mined
    And the supply of the cable fails for 1 s
    And 15 s have passed
    And the supply of the cable fails for 1 s
    And 15 s have passed
    And the supply of the cable fails for 1 s
    And 15 s have passed
    And the supply of the cable fails for 1 s
    And power flows again
    Then 2 sessions began

  @REQ-PAY-6 @REQ-KEEP-3
  Scenario: A socket closes in the name of a payment without a receipt, and the cable pays on with its change
    Given the cable is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 4 payments
    And the socket will name-a-payment-in-mid-delivery
    When the devices are switched on
    And the counterpart has cheated
    And 25 s have passed
    And a block is mined
    And power flows again
    Then the socket received 0.1 mBTC in all

  @REQ-PAY-5
  Scenario Outline: A socket that takes a payment and gives nothing gets no second one
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the socket will <abuse>
    When the devices are switched on
    And the counterpart has cheated
    And 30 s have passed
    And a block is mined
    And 60 s have passed
    Then the cable loses no more than the catalogue allows

    Examples:
      | abuse                      |
      | take-a-payment-and-restart |
      | take-a-payment-and-name-it |

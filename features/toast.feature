@core @REQ-PAY-1 @REQ-METER-1
Feature: Toast one slice of bread
  The demonstration of 2017: a smart cable in front of a toaster pays a smart socket for 40 Wh, in five payments of
  0.1 mBTC. In single-fee mode only the last of the five transactions reaches the ledger, and one fee is paid.

  @REQ-PAY-2 @REQ-PAY-3 @REQ-POWER-1 @REQ-POWER-5 @REQ-PAY-8
  Scenario Outline: One slice, sold by the socket in <mode> mode
    Given the socket is under test in <mode> mode
    And a toaster of 1300 W is plugged into the cable
    And the cable pays for at most 5 payments
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 40 Wh within 2 %
    And 5 payments of 0.1 mBTC were accepted
    And no power flowed before the first payment was accepted
    And power flowed within 3 s of the first payment
    And the power was never interrupted before the credit was spent
    And the ledger holds <transactions> transactions with one fee each
    And the socket received 0.5 mBTC in all

    Examples:
      | mode        | transactions |
      | single-fee  | 1            |
      | per-payment | 5            |

  @REQ-PAY-2 @REQ-PAY-3
  Scenario Outline: One slice, bought by the cable in <mode> mode
    Given the cable is under test in <mode> mode
    And a toaster of 1300 W is plugged into the cable
    And the cable pays for at most 5 payments
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 40 Wh within 2 %
    And the cable signed 5 payments
    And the ledger holds <transactions> transactions with one fee each
    And the socket received 0.5 mBTC in all

    Examples:
      | mode        | transactions |
      | single-fee  | 1            |
      | per-payment | 5            |

  @REQ-PAY-7
  Scenario: One slice, paid with legacy coins
    Given the socket is under test in single-fee mode
    And a toaster of 1300 W is plugged into the cable
    And the cable pays for at most 5 payments
    And the cable's coins are of type P2PKH
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 40 Wh within 2 %
    And the ledger holds 1 transaction with one fee each

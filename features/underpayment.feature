@core
Feature: A cable that pays too little loses its power
  The socket checks each signed transaction before it credits it. A wrong one costs the cable its power within 500 ms,
  and the socket settles with the newest transaction that was right.

  @REQ-SOCKET-1 @REQ-POWER-3 @REQ-PAY-5 @REQ-LEDGER-1
  Scenario Outline: The cable <cheats> from the third payment on, in <mode> mode
    Given the socket is under test in <mode> mode
    And the load draws 1300 W
    And the cable <cheats> from the third payment on
    When the devices are switched on
    And the session has ended
    Then the power was cut within 500 ms of the refused payment
    And 2 payments of 0.1 mBTC were accepted
    And at most 0.1 Wh flowed unpaid
    And the socket reports <code>
    And the newest valid transaction was broadcast and confirms
    And the socket received 20000 sat in all

    Examples:
      | cheats              | mode        | code        |
      | underpays by 1 sat  | single-fee  | UNDERPAID   |
      | underpays by 50 %   | single-fee  | UNDERPAID   |
      | pays a stranger     | single-fee  | WRONG_PAYEE |
      | underpays by 1 sat  | per-payment | UNDERPAID   |

  @REQ-POWER-4 @REQ-PAY-5 @REQ-LEDGER-1
  Scenario: The cable stops paying
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable does not pay from the third payment on
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 16 Wh within 1 %
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 20000 sat in all

  @REQ-POWER-1
  Scenario: The cable never pays
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable does not pay from the first payment on
    When the devices are switched on
    And 60 s have passed
    Then no power flowed

@ledger @REQ-LEDGER-5
Feature: Three ways to see the ledger
  The slides name three: a full node, an SPV client that keeps headers and checks proofs, and somebody else's API. A
  socket sells and settles by each of them, and none of them may cost it the boot budget.

  @REQ-BOOT-1 @REQ-BOOT-2
  Scenario Outline: A socket that sees the ledger by <view> sells within the boot budget, in <mode> mode
    Given the socket is under test in <mode> mode
    And the socket sees the ledger by <view>
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then the first payment was accepted within 27 s of power-on
    And 2 payments of 0.1 mBTC were accepted
    And at most 0.1 Wh flowed unpaid
    And the ledger holds <transactions> transactions with one fee each
    And the socket received 0.2 mBTC in all

    Examples:
      | view | mode        | transactions |
      | node | single-fee  | 1            |
      | spv  | single-fee  | 1            |
      | api  | single-fee  | 1            |
      | spv  | per-payment | 2            |
      | api  | per-payment | 2            |

  @REQ-LEDGER-2
  Scenario Outline: A socket that sees the ledger by <view> notices that the cable spends its coin elsewhere
    Given the socket is under test in single-fee mode
    And the socket sees the ledger by <view>
    And the load draws 1600 W
    And the cable will spend-the-coin-while-delivering
    When the devices are switched on
    And the session has ended
    Then the socket reports CONFLICT
    And the socket answers as the catalogue demands, within its time
    And the socket loses no more than the catalogue allows

    Examples:
      | view |
      | node |
      | spv  |
      | api  |

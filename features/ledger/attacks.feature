@ledger
Feature: What can go wrong with the ledger, and what a socket makes of it
  Until a payment is buried its coins are not the socket's. It watches for other spends while it delivers, keeps what it
  broadcast until blocks lie on it, and sells nothing when it can no longer ask (SPEC, "Double spends", "Settlement"). Each
  scenario says what the socket must do, by when, and the most that it may lose; hil/tests/acceptance/defences.yaml says
  which defect makes it fail.

  @REQ-LEDGER-2 @REQ-PAY-5
  Scenario: A double spend before the payment is broadcast
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the cable spends its coins elsewhere with a higher fee
    Then the socket reports CONFLICT within 500 ms of the attack
    And the power was cut within 1 s of the attack
    And the socket lost at most 10000 sat

  @REQ-LEDGER-2 @REQ-PAY-5
  Scenario: A double spend after the payment was broadcast
    Given the socket is under test in per-payment mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the cable spends its coins elsewhere with a higher fee
    Then the socket reports CONFLICT within 500 ms of the attack
    And the power was cut within 1 s of the attack
    And the socket lost at most 10000 sat

  @REQ-LEDGER-2
  Scenario: A payment that was broadcast is replaced by one that pays less
    Given the socket is under test in per-payment mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the cable replaces its newest payment by one that pays 1 sat less
    Then the socket reports CONFLICT within 500 ms of the attack
    And the power was cut within 1 s of the attack
    And the socket lost at most 1 sat

  @fresh_node @REQ-LEDGER-2
  Scenario: A miner in league with the cable
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And a miner in league with the cable mines a spend of its coins to itself
    Then the socket reports CONFLICT within 500 ms of the attack
    And the power was cut within 1 s of the attack
    And the socket lost at most 10000 sat

  @fresh_node @REQ-LEDGER-3
  Scenario Outline: The last <depth> blocks are replaced after the settlement, and the mempool is lost
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    And <depth> blocks are mined
    And 35 s have passed
    And the last <depth> blocks of the chain are replaced
    And the node is killed
    And the node is started again
    Then the socket had its payment on the ledger again within 35 s of the relief
    And the socket lost at most 200 sat

    Examples:
      | depth |
      | 1     |
      | 3     |
      | 5     |

  @fresh_node @REQ-LEDGER-3
  Scenario: The mempool is lost with a chain of three payments, which are sent again oldest first
    Given the socket is under test in per-payment mode
    And the load draws 1800 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    And the node is killed
    And the node is started again
    Then the socket had its payment on the ledger again within 35 s of the relief
    And the socket lost at most 400 sat

  @fresh_node @REQ-LEDGER-3
  Scenario: A payment that only the mempool refuses is sent again when the conflict is gone
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    And the cable spends its coins elsewhere with a higher fee
    And 35 s have passed
    And the node is killed
    And the node is started again
    Then the socket had its payment on the ledger again within 35 s of the relief
    And the socket lost at most 400 sat

  @fresh_node @REQ-LEDGER-3 @REQ-KEEP-1
  Scenario: A payment that fell out of the chain is sent again by a socket that was restarted in between
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    And a block is mined
    And 35 s have passed
    And the supply of the socket fails for 3 s
    And the last 1 block of the chain are replaced
    And the node is killed
    And the node is started again
    Then the socket had its payment on the ledger again within 65 s of the relief
    And the socket lost at most 200 sat

  @fresh_node @REQ-LEDGER-1 @REQ-LEDGER-4 @REQ-KEEP-1
  Scenario: The node dies, the supply of the socket fails, and the session is settled when both are back
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the node is killed
    And 3 s have passed
    And the supply of the socket fails for 3 s
    And the node is started again
    Then the socket had its payment on the ledger again within 65 s of the relief

  @REQ-LEDGER-1 @REQ-LEDGER-4 @REQ-KEEP-1
  Scenario: A session that was over before a power cut is settled at once after it, however much credit is left
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the node takes 3 s to answer
    And 3 s have passed
    And the supply of the socket fails for 3 s
    And the node answers at once again
    And 40 s have passed
    Then the socket had its payment on the ledger again within 40 s of the relief
    And the device under test closes the session as REFUSED
    And 1 session began

  @fresh_node @REQ-LEDGER-3 @REQ-LEDGER-2
  Scenario: A reorganisation with a double spend after the settlement
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    And a block is mined
    And the last 1 block of the chain are replaced by ones with a double spend
    Then the console of the socket says "lost" within 35 s of the attack
    And the socket lost at most 20200 sat

  @small_mempool @REQ-LEDGER-3 @REQ-LEDGER-6
  Scenario: The settlement is crowded out of the mempool
    Given the socket is under test in single-fee mode
    And somebody has the money to fill the mempool
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    And the newest payment is crowded out of the mempool
    And the mempool is mined empty
    Then the socket had its payment on the ledger again within 35 s of the relief
    And the socket lost at most 200 sat

  @small_mempool @REQ-LEDGER-6
  Scenario: The fee market moves in the middle of the session
    Given the socket is under test in single-fee mode
    And somebody has the money to fill the mempool
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And the mempool fills up with dearer transactions
    And 60 s have passed
    And the mempool is mined empty
    Then the socket had its payment on the ledger again within 5 s of the relief
    And the socket lost at most 200 sat

  @fresh_node @REQ-LEDGER-4
  Scenario: The node freezes in the middle of the session
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the node is frozen
    Then the socket reports LEDGER_UNAVAILABLE within 500 ms of the attack
    And the power was cut within 1 s of the attack
    When the node goes on
    Then the socket had its payment on the ledger again within 5 s of the relief
    And the socket lost at most 0 sat

  @fresh_node @REQ-LEDGER-4
  Scenario: The node dies in the middle of the session and is started again
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the node is killed
    Then the socket reports LEDGER_UNAVAILABLE within 500 ms of the attack
    And the power was cut within 1 s of the attack
    When the node is started again
    Then the socket had its payment on the ledger again within 5 s of the relief
    And the socket lost at most 0 sat

  @REQ-LEDGER-4
  Scenario: The node answers too late
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the node takes 3 s to answer
    Then the socket reports LEDGER_UNAVAILABLE within 1 s of the attack
    And the power was cut within 1.5 s of the attack
    When the node answers at once again
    Then the socket had its payment on the ledger again within 5 s of the relief
    And the socket lost at most 0 sat

  @REQ-LEDGER-4
  Scenario: The node answers late, and in time
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And the node takes 300 ms to answer
    And 60 s have passed
    Then 2 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And at most 0.1 Wh flowed unpaid
    And the socket lost at most 200 sat

  @REQ-LEDGER-2 @REQ-LEDGER-4
  Scenario: A double spend while the node answers late
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And the node takes 300 ms to answer
    And 10 s have passed
    And the cable spends its coins elsewhere with a higher fee
    Then the socket reports CONFLICT within 800 ms of the attack
    And the power was cut within 1.3 s of the attack
    And the socket lost at most 10000 sat

  @still_downloading @REQ-LEDGER-4 @REQ-BOOT-3
  Scenario: A node that is behind is not believed
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And 60 s have passed
    Then 0 sessions began
    And no power flowed

  @other_network @REQ-LEDGER-4 @REQ-BOOT-3
  Scenario: A node of another network is not believed
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And 60 s have passed
    Then 0 sessions began
    And no power flowed

  @partition @REQ-LEDGER-2
  Scenario: A double spend on the far side of a partition
    Given the socket is under test in per-payment mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And the network between the nodes is cut
    And a block is mined
    And the far side mines a double spend and 1 more block
    And 5 s have passed
    And the network is whole again
    Then the socket reports CONFLICT within 500 ms of the attack
    And the power was cut within 1 s of the attack
    And the socket lost at most 10000 sat

  @REQ-LEDGER-6
  Scenario: The cable pins its payment
    Given the socket is under test in per-payment mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And the cable pins its payment with a large, cheap child
    And the session has ended
    Then 1 payments of 0.1 mBTC were accepted
    And at most 0.1 Wh flowed unpaid
    And the socket lost at most 0 sat

  @REQ-LEDGER-6
  Scenario: The 26th unconfirmed payment in a row
    Given the socket is under test in per-payment mode
    And the cable's coins are worth 400000 sat
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    Then the socket reports LEDGER_REFUSED
    And 25 payments of 0.1 mBTC were accepted
    And at most 0.1 Wh flowed unpaid
    And the socket lost at most 0 sat

  @fresh_node @REQ-LEDGER-4
  Scenario: The disk of the node is full
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the disk of the node is full
    Then the socket reports LEDGER_UNAVAILABLE within 500 ms of the attack
    And the power was cut within 1 s of the attack
    When the node is started again
    Then the socket had its payment on the ledger again within 5 s of the relief
    And the socket lost at most 0 sat

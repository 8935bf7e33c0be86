@core
Feature: Two real devices
  Socket and cable are both real; the rig listens in on their link and plays neither. What holds for either of them
  against the rig's counterpart must hold for the two of them together.

  @REQ-PAY-1 @REQ-PAY-2 @REQ-PAY-3 @REQ-POWER-1 @REQ-POWER-5
  Scenario Outline: One slice of bread, as a pair in <mode> mode
    Given socket and cable are a pair in <mode> mode
    And a toaster of 1300 W is plugged into the cable
    And the cable pays for at most 5 payments
    When the devices are switched on
    And the session has ended
    Then the energy delivered is 40 Wh within 2 %
    And 5 payments of 0.1 mBTC were accepted
    And the cable signed 5 payments
    And no power flowed before the first payment was accepted
    And power flowed within 3 s of the first payment
    And the power was never interrupted before the credit was spent
    And the ledger holds <transactions> transactions with one fee each
    And the socket received 0.5 mBTC in all

    Examples:
      | mode        | transactions |
      | single-fee  | 1            |
      | per-payment | 5            |

  @REQ-KEEP-2
  Scenario Outline: The supply of the <device> fails for <gap>, and both go on with their session
    Given socket and cable are a pair in <mode> mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the supply of the <device> fails for <gap>
    And the session has ended
    Then 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the cable signed 3 payments
    And the energy delivered is 24 Wh within 4 %
    And the ledger holds <transactions> transactions with one fee each

    Examples:
      | device | gap | mode        | transactions |
      | socket | 3 s | single-fee  | 1            |
      | socket | 3 s | per-payment | 3            |
      | cable  | 1 s | single-fee  | 1            |

  @REQ-PLUG-2
  Scenario: The cable is pulled out of the socket under load
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is pulled out of the socket
    And 3 s have passed
    Then at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

  @REQ-LINK-2
  Scenario: The link is gone for longer than the credit lasts, and the cable calls again with its change
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And the link is interrupted for 40 s
    And a block is mined
    And power flows again
    And the session has ended
    Then 2 sessions began
    And at most 0.2 Wh flowed unpaid
    And the ledger holds 2 transactions with one fee each

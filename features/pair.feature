Feature: Two real devices
  Socket and cable are both real; the rig listens in on their link and plays neither. What holds for either of them
  against the rig's counterpart must hold for the two of them together.

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

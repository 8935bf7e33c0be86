Feature: The cable's coins
  A cable spends what it was given, all of it if need be, and not a satoshi of anybody else's.

  @REQ-PAY-6
  Scenario Outline: The coins hold two payments and no third, in <mode> mode
    Given the socket is under test in <mode> mode
    And the cable's coins are worth <coins>
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the device under test closes the session as FUNDS_EXHAUSTED
    And the energy delivered is 16 Wh within 1 %
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.2 mBTC in all

    Examples:
      | mode        | coins     |
      | single-fee  | 25000 sat |
      | per-payment | 28000 sat |

  @REQ-PAY-6 @REQ-POWER-1
  Scenario: The coins do not hold one payment
    Given the socket is under test in single-fee mode
    And the cable's coins are worth 9000 sat
    And the load draws 1600 W
    When the devices are switched on
    And 60 s have passed
    Then no power flowed
    And the socket asked for 0 payments
    And the socket reports FUNDS_EXHAUSTED

  @REQ-PAY-6 @REQ-PAY-5
  Scenario: What is left of the coins would be dust
    Given the socket is under test in single-fee mode
    And the cable's coins are worth 21600 sat
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the newest valid transaction was broadcast and confirms
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all

  @REQ-PAY-6 @REQ-CABLE-2
  Scenario: What is left of the coins is little, and no dust
    Given the socket is under test in single-fee mode
    And the cable's coins are worth 21810 sat
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all

  @REQ-PAY-6 @REQ-CABLE-2
  Scenario: What is left of the coins is just the dust limit, and goes to the cable
    Given the socket is under test in single-fee mode
    And the cable's coins are worth 21704 sat
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all

  @REQ-PAY-6 @REQ-CABLE-2
  Scenario Outline: Of <coins> a P2PKH change would be <left>
    Given the socket is under test in single-fee mode
    And the counterpart has P2PKH addresses
    And the cable's coins are worth <coins>
    And the load draws 1800 W
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all

    Examples: Two payments and a fee of 1440 sat; 546 sat are the dust limit of P2PKH
      | coins     | left                |
      | 21840 sat | dust                |
      | 21986 sat | just the dust limit |

  @REQ-PAY-3 @REQ-PAY-7
  Scenario Outline: Against a counterpart with P2PKH addresses the <device> reckons the fee, in <mode> mode
    Given the <device> is under test in <mode> mode
    And the counterpart has P2PKH addresses
    And the load draws 1800 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then the ledger holds <count> with one fee each
    And the socket received 0.2 mBTC in all

    Examples:
      | device | mode        | count          |
      | socket | single-fee  | 1 transaction  |
      | socket | per-payment | 2 transactions |
      | cable  | single-fee  | 1 transaction  |
      | cable  | per-payment | 2 transactions |

  @REQ-PAY-3 @REQ-CABLE-1
  Scenario Outline: <count> coins of <kind> are spent by one transaction
    Given the <device> is under test in single-fee mode
    And the cable has <count> coins of 12000 sat
    And the cable's coins are of type <kind>
    And the load draws 1800 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    Then the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all
    And the energy delivered is 16 Wh within 2 %

    Examples:
      | device | count | kind       |
      | socket | 3     | P2WPKH     |
      | cable  | 16    | P2PKH      |
      | socket | 16    | P2PKH      |
      | cable  | 3     | P2WPKH     |
      | socket | 8     | both kinds |
      | cable  | 9     | both kinds |

  @REQ-PAY-2 @REQ-PAY-7
  Scenario: Each payment of a chain that begins with a legacy coin has its fee
    Given the socket is under test in per-payment mode
    And the cable's coins are of type P2PKH
    And the load draws 1800 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    Then 3 payments of 0.1 mBTC were accepted
    And the ledger holds 3 transactions with one fee each
    And the socket received 0.3 mBTC in all

  @REQ-PAY-4 @REQ-PAY-8
  Scenario: A cable that is under test closes when its appliance is finished
    Given the cable is under test in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the load is switched off
    And the session has ended
    Then the device under test closes the session as APPLIANCE_FINISHED
    And the cable signed 1 payment
    And the newest valid transaction was broadcast and confirms

  @REQ-PAY-1 @REQ-CABLE-2 @fresh_node
  Scenario Outline: The <device> reckons with a coin of <coin>, in <mode> mode
    Given the <device> is under test in <mode> mode
    And the cable's coins are worth <coin>
    And the load draws 1800 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    Then 3 payments of 0.1 mBTC were accepted
    And the ledger holds <count> with one fee each
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.3 mBTC in all
    And the energy delivered is 24 Wh within <tolerance>

    Examples: A socket that the bench plays cuts the power by the lab meter, up to two of its updates late
      | device | mode        | coin   | count          | tolerance |
      | cable  | single-fee  | 30 BTC | 1 transaction  | 2 %       |
      | cable  | per-payment | 45 BTC | 3 transactions | 2 %       |
      | socket | single-fee  | 30 BTC | 1 transaction  | 1 %       |
      | socket | per-payment | 30 BTC | 3 transactions | 1 %       |
      | socket | single-fee  | 45 BTC | 1 transaction  | 1 %       |

@ledger @REQ-LEDGER-5
Feature: A server that lies about the ledger
  Between an SPV client, or an API, and the ledger stands somebody else's server. SPV notices what can be proven, an API
  notices nothing: what it costs is in docs/ledger-views.md. A node of the socket's own needs no server.

  # what the socket says of these lies names blocks by height and hash: they must not depend on other scenarios
  @fresh_node
  Scenario Outline: Forged confirmations of a coin that no block holds are noticed by SPV: <lie>
    Given the socket is under test in single-fee mode
    And the socket sees the ledger by spv
    And the server of the ledger <lie>
    And the cable will declare-an-unconfirmed-coin
    And the load draws 1600 W
    When the devices are switched on
    And 30 s have passed
    Then no power flowed
    And the socket asked for 0 payments
    And the socket reports LEDGER_UNAVAILABLE

    Examples:
      | lie                             |
      | forges-confirmations            |
      | forges-confirmations-and-proofs |

  Scenario: Forged confirmations are believed by way of an API, which is why it is the weakest view
    Given the socket is under test in single-fee mode
    And the socket sees the ledger by api
    And the server of the ledger forges-confirmations
    And the cable will declare-an-unconfirmed-coin
    And the load draws 1600 W
    When the devices are switched on
    And 30 s have passed
    Then the socket asked for 1 payment

  @fresh_node
  Scenario: Blocks are announced and their headers withheld
    Given the socket is under test in single-fee mode
    And the socket sees the ledger by spv
    And the server of the ledger withholds-headers
    And the load draws 1600 W
    When the devices are switched on
    And 60 s have passed
    Then no power flowed

  @REQ-LEDGER-3
  Scenario Outline: A settlement that the server <refuses> is sent again, and is not given up
    Given the socket is under test in single-fee mode
    And the socket sees the ledger by api
    And the server of the ledger <refuses>
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 30 s have passed
    And the server of the ledger tells the truth again
    Then the socket had its payment on the ledger again within 5 s of the relief
    And the socket lost at most 100 sat

    Examples: The reasons of a node that pass
      | refuses                     |
      | refuses-for-the-mempool-fee |
      | refuses-for-the-relay-fee   |
      | refuses-for-a-full-mempool  |
      | refuses-for-a-long-chain    |

  @REQ-LEDGER-3
  Scenario: A settlement that the server throws away is sent again
    Given the socket is under test in single-fee mode
    And the socket sees the ledger by spv
    And the server of the ledger drops-broadcasts
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 40 s have passed
    And the server of the ledger tells the truth again
    Then the socket had its payment on the ledger again within 15 s of the relief
    And the socket lost at most 100 sat

@catalogue
Feature: The link fails at each message
  Each type of message is lost, doubled, overtaken or damaged, and the link breaks before it, after it or in one direction
  (the six cases at each message that Core Lightning's connection tests have). What was agreed comes about all the same.
  Half the usual payment is asked for, so that the second one is not long in coming.

  @REQ-LINK-1
  Scenario Outline: The second <message> <way> is <damage>
    Given socket and cable are a pair in single-fee mode
    And the socket asks for payments of 0.05 mBTC
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    And the second <message> <way> is <damage>
    When the devices are switched on
    And the session has ended
    Then at least 1 message was <damage>
    And 1 session began
    And 2 payments of 0.05 mBTC were accepted
    And the cable signed 2 payments
    And the power was never interrupted before the credit was spent
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.1 mBTC in all

    Examples:
      | message         | way           | damage     |
      | PAYMENT_REQUEST | to the cable  | dropped    |
      | PAYMENT_REQUEST | to the cable  | duplicated |
      | PAYMENT_REQUEST | to the cable  | overtaken  |
      | PAYMENT_REQUEST | to the cable  | corrupted  |
      | PAYMENT_REQUEST | to the cable  | truncated  |
      | PAYMENT         | to the socket | dropped    |
      | PAYMENT         | to the socket | duplicated |
      | PAYMENT         | to the socket | overtaken  |
      | PAYMENT         | to the socket | corrupted  |
      | PAYMENT         | to the socket | truncated  |
      | RECEIPT         | to the cable  | dropped    |
      | RECEIPT         | to the cable  | duplicated |
      | RECEIPT         | to the cable  | overtaken  |
      | RECEIPT         | to the cable  | corrupted  |
      | RECEIPT         | to the cable  | truncated  |
      | METER           | to the cable  | dropped    |
      | METER           | to the cable  | duplicated |
      | METER           | to the cable  | overtaken  |
      | METER           | to the cable  | corrupted  |
      | METER           | to the cable  | truncated  |
      | METER           | to the socket | dropped    |
      | METER           | to the socket | duplicated |
      | METER           | to the socket | overtaken  |
      | METER           | to the socket | corrupted  |
      | METER           | to the socket | truncated  |

  @REQ-LINK-1
  Scenario Outline: The first <message> <way> is <damage>
    Given socket and cable are a pair in single-fee mode
    And the socket asks for payments of 0.05 mBTC
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    And the first <message> <way> is <damage>
    When the devices are switched on
    And the session has ended
    Then at least 1 message was <damage>
    And the first payment was accepted within 27 s of power-on
    And 1 payments of 0.05 mBTC were accepted
    And the cable signed 1 payment
    And no power flowed before the first payment was accepted
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.05 mBTC in all

    Examples:
      | message         | way           | damage     |
      | HELLO           | to the socket | dropped    |
      | HELLO           | to the socket | duplicated |
      | HELLO           | to the socket | overtaken  |
      | HELLO           | to the socket | corrupted  |
      | HELLO           | to the socket | truncated  |
      | OFFER           | to the cable  | dropped    |
      | OFFER           | to the cable  | duplicated |
      | OFFER           | to the cable  | overtaken  |
      | OFFER           | to the cable  | corrupted  |
      | OFFER           | to the cable  | truncated  |
      | FUNDING         | to the socket | dropped    |
      | FUNDING         | to the socket | duplicated |
      | FUNDING         | to the socket | overtaken  |
      | FUNDING         | to the socket | corrupted  |
      | FUNDING         | to the socket | truncated  |
      | PAYMENT_REQUEST | to the cable  | dropped    |
      | PAYMENT_REQUEST | to the cable  | duplicated |
      | PAYMENT_REQUEST | to the cable  | overtaken  |
      | PAYMENT_REQUEST | to the cable  | corrupted  |
      | PAYMENT_REQUEST | to the cable  | truncated  |
      | PAYMENT         | to the socket | dropped    |
      | PAYMENT         | to the socket | duplicated |
      | PAYMENT         | to the socket | overtaken  |
      | PAYMENT         | to the socket | corrupted  |
      | PAYMENT         | to the socket | truncated  |
      | RECEIPT         | to the cable  | dropped    |
      | RECEIPT         | to the cable  | duplicated |
      | RECEIPT         | to the cable  | overtaken  |
      | RECEIPT         | to the cable  | corrupted  |
      | RECEIPT         | to the cable  | truncated  |

  @REQ-LINK-2
  Scenario Outline: The link breaks for 3 s <moment> the <which> <message>
    Given socket and cable are a pair in <mode> mode
    And the socket asks for payments of 0.05 mBTC
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    And the link breaks for 3 s <moment> the <which> <message> <way>
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.05 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And the energy delivered is 8 Wh within 2 %
    And the ledger holds <transactions> transactions with one fee each
    And the socket received 0.1 mBTC in all

    Examples:
      | moment | which  | message         | way           | mode        | transactions |
      | before | first  | HELLO           | to the socket | single-fee  | 1            |
      | after  | first  | HELLO           | to the socket | single-fee  | 1            |
      | before | first  | OFFER           | to the cable  | single-fee  | 1            |
      | after  | first  | OFFER           | to the cable  | single-fee  | 1            |
      | before | first  | FUNDING         | to the socket | single-fee  | 1            |
      | after  | first  | FUNDING         | to the socket | single-fee  | 1            |
      | before | second | PAYMENT_REQUEST | to the cable  | single-fee  | 1            |
      | after  | second | PAYMENT_REQUEST | to the cable  | single-fee  | 1            |
      | before | second | PAYMENT         | to the socket | single-fee  | 1            |
      | after  | second | PAYMENT         | to the socket | single-fee  | 1            |
      | before | second | RECEIPT         | to the cable  | single-fee  | 1            |
      | after  | second | RECEIPT         | to the cable  | single-fee  | 1            |
      | before | second | PAYMENT_REQUEST | to the cable  | per-payment | 2            |
      | after  | second | PAYMENT_REQUEST | to the cable  | per-payment | 2            |
      | before | second | PAYMENT         | to the socket | per-payment | 2            |
      | after  | second | PAYMENT         | to the socket | per-payment | 2            |
      | before | second | RECEIPT         | to the cable  | per-payment | 2            |
      | after  | second | RECEIPT         | to the cable  | per-payment | 2            |

  @REQ-LINK-2
  Scenario Outline: From the second <message> on everything <way> vanishes for 3 s
    Given socket and cable are a pair in single-fee mode
    And the socket asks for payments of 0.05 mBTC
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    And everything <way> vanishes for 3 s from the <which> <message> on
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.05 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And the energy delivered is 8 Wh within 2 %

    Examples:
      | which  | message         | way           |
      | first  | HELLO           | to the socket |
      | first  | OFFER           | to the cable  |
      | first  | FUNDING         | to the socket |
      | second | PAYMENT_REQUEST | to the cable  |
      | second | PAYMENT         | to the socket |
      | second | RECEIPT         | to the cable  |

  @REQ-LINK-2 @REQ-POWER-4
  Scenario Outline: The link is gone for good after the <which> <message>
    Given socket and cable are a pair in <mode> mode
    And the load draws 1600 W
    And the cable pays for at most 3 payments
    And the link breaks for 2 h after the <which> <message> <way>
    When the devices are switched on
    And 120 s have passed
    Then at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received <paid> in all

    Examples:
      | which  | message         | way           | mode        | paid     |
      | first  | PAYMENT         | to the socket | single-fee  | 0.1 mBTC |
      | first  | PAYMENT         | to the socket | per-payment | 0.1 mBTC |
      | first  | RECEIPT         | to the cable  | single-fee  | 0.1 mBTC |
      | second | PAYMENT_REQUEST | to the cable  | single-fee  | 0.1 mBTC |
      | second | PAYMENT         | to the socket | single-fee  | 0.2 mBTC |
      | second | PAYMENT         | to the socket | per-payment | 0.2 mBTC |
      | second | RECEIPT         | to the cable  | single-fee  | 0.2 mBTC |

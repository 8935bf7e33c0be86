Feature: A link that fails
  The link between socket and cable loses, repeats, delays, reorders and damages messages, and fails as a whole. As long
  as there is credit that costs nothing but repetition; beyond that power ends with the credit, and a side that hears
  nothing gives the other one up within 60 s (SPEC, "Order, loss and repetition", "Restarts and lost links").

  @REQ-LINK-1 @REQ-POWER-5
  Scenario Outline: One message in ten is lost and each comes up to 500 ms late, <devices>
    Given <devices> in single-fee mode
    And the load draws 650 W
    And the cable pays for at most 3 payments
    And the link loses 10 % of the messages
    And the link delays every message by up to 500 ms
    When the devices are switched on
    And the session has ended
    Then at least 1 message was dropped
    And 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the power was never cut while more than 8 Wh of credit was left
    And the energy delivered is 24 Wh within 2 %
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.3 mBTC in all

    Examples:
      | devices                     |
      | socket and cable are a pair |
      | the socket is under test    |
      | the cable is under test     |

  @REQ-LINK-1
  Scenario Outline: Messages that come twice or out of order change nothing, in <mode> mode
    Given socket and cable are a pair in <mode> mode
    And the load draws 400 W
    And the cable pays for at most 3 payments
    And the link duplicates 30 % of the messages
    And the link reorders 20 % of the messages
    When the devices are switched on
    And the session has ended
    Then at least 5 messages were duplicated
    And at least 5 messages were overtaken
    And 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the cable signed 3 payments
    And the power was never interrupted before the credit was spent
    And the energy delivered is 24 Wh within 2 %
    And the ledger holds <transactions> transactions with one fee each

    Examples:
      | mode        | transactions |
      | single-fee  | 1            |
      | per-payment | 3            |

  @REQ-LINK-1 @REQ-LINK-3
  Scenario Outline: A link that <damages> one message in ten costs nothing but repetition
    Given socket and cable are a pair in single-fee mode
    And the load draws 650 W
    And the cable pays for at most 3 payments
    And the link <damages> 10 % of the messages
    When the devices are switched on
    And the session has ended
    Then at least 1 message was <damaged>
    And 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the energy delivered is 24 Wh within 2 %
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.3 mBTC in all

    Examples:
      | damages   | damaged   |
      | corrupts  | corrupted |
      | truncates | truncated |

  @REQ-LINK-1
  Scenario Outline: Every message comes <how>
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    And the link <does>
    When the devices are switched on
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And power flowed within 3 s of the first payment
    And the ledger holds 1 transaction with one fee each

    Examples:
      | how          | does                              |
      | 200 ms late  | delays every message by 200 ms    |
      | byte by byte | hands messages over byte by byte  |

  @REQ-LINK-1
  Scenario: The socket's CLOSE is lost, and the cable finds out
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    And the first CLOSE to the cable is dropped
    When the devices are switched on
    And the first payment has been accepted
    And 60 s have passed
    Then at least 1 message was dropped
    And the socket reports UNKNOWN_SESSION
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

  @REQ-LINK-1 @REQ-POWER-3
  Scenario: The ERROR that tells a refusal is lost, and power is off all the same
    Given the socket is under test in single-fee mode
    And the load draws 1600 W
    And the cable underpays by 1 sat from the second payment on
    And the first ERROR to the cable is dropped
    When the devices are switched on
    And the session has ended
    Then at least 1 message was dropped
    And the power was cut within 500 ms of the refused payment
    And the socket reports UNDERPAID
    And the newest valid transaction was broadcast and confirms
    And the socket received 10000 sat in all

  @REQ-TIME-2 @REQ-LINK-2
  Scenario Outline: A half-open link is found by the cable, which hears nothing, <devices>
    Given <devices> in single-fee mode
    And the load draws 100 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 2.5 s have passed
    And the link is half-open towards the cable for 70 s
    Then the cable gave the other side up within 60 s
    And the power was cut within 60.5 s of the failure of the link
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

    Examples:
      | devices                     |
      | socket and cable are a pair |
      | the cable is under test     |

  @REQ-TIME-2 @REQ-LINK-2
  Scenario Outline: A half-open link is found by the socket, which hears nothing, <devices>
    Given <devices> in single-fee mode
    And the load draws 100 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the first payment has been accepted
    And 2 s have passed
    And the link is half-open towards the socket for 70 s
    Then the socket gave the other side up within 60 s
    And the power was cut within 60 s of the failure of the link
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

    Examples:
      | devices                     |
      | socket and cable are a pair |
      | the socket is under test    |

  @REQ-LINK-3
  Scenario Outline: Two ends that run at different rates sell nothing, <baud> baud
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable's end of the link runs at <baud> baud
    When the devices are switched on
    And 60 s have passed
    Then at least 20 messages were lost
    And the cable signed 0 payments
    And no power flowed

    Examples:
      | baud   |
      | 9600   |
      | 57600  |
      | 230400 |

  @REQ-LINK-3
  Scenario Outline: A link that babbles for 5 s costs nothing but repetition, <devices>
    Given <devices> in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And the link babbles for 5 s
    And the session has ended
    Then at least 3 messages were lost
    And 1 session began
    And 2 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And the ledger holds 1 transaction with one fee each

    Examples:
      | devices                     |
      | socket and cable are a pair |
      | the socket is under test    |
      | the cable is under test     |

  @REQ-LINK-2
  Scenario: A link that flaps 50 times a minute carries the session all the same
    Given socket and cable are a pair in single-fee mode
    And the load draws 600 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And the link flaps 50 times a minute for 2 min
    And the session has ended
    Then at least 20 messages were lost
    And 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the power was never cut while more than 8 Wh of credit was left
    And the ledger holds 1 transaction with one fee each

  @REQ-LINK-1
  Scenario: The next payment comes 4 s late, and power ends no sooner than the credit
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And the next PAYMENT to the socket is delayed by 4 s
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And the energy delivered is 16 Wh within 2 %

@REQ-LINK-4
Feature: Somebody who sits on the line
  He reads what passes between socket and cable, changes it, keeps it, and speaks in the name of either (SPEC, "The line").
  With that he can end a session, which is then settled like any other; he cannot redirect money that was signed.

  Scenario Outline: The <part> of an unsigned request is his, and the cable signs nothing for him
    Given socket and cable are a pair in <mode> mode
    And the load draws 1300 W
    And someone on the line redirects the <part> of the second PAYMENT_REQUEST to the cable to himself
    When the devices are switched on
    And the session has ended
    Then the cable reports <error>
    And the cable signed 1 payment
    And the power was cut within 500 ms of the forgery
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all
    And whoever sits on the line received 0 sat in all

    Examples:
      | part   | mode        | error           |
      | payee  | single-fee  | WRONG_PAYEE     |
      | change | single-fee  | CHANGE_DIVERTED |
      | payee  | per-payment | WRONG_PAYEE     |
      | change | per-payment | CHANGE_DIVERTED |

  @REQ-SOCKET-1 @REQ-POWER-3
  Scenario Outline: The <part> of a signed payment is his, and the socket credits nothing for it
    Given socket and cable are a pair in <mode> mode
    And the load draws 1300 W
    And someone on the line redirects the <part> of the second PAYMENT to the socket to himself
    When the devices are switched on
    And the session has ended
    Then the socket reports <error>
    And 1 payments of 0.1 mBTC were accepted
    And the power was cut within 500 ms of the forgery
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all
    And whoever sits on the line received 0 sat in all

    Examples:
      | part   | mode        | error           |
      | payee  | single-fee  | WRONG_PAYEE     |
      | change | single-fee  | CHANGE_DIVERTED |
      | payee  | per-payment | WRONG_PAYEE     |

  Scenario Outline: The <part> in the <message> is his, and no payment is signed
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And someone on the line redirects the <part> of the first <message> <way> to himself
    When the devices are switched on
    And the session has ended
    Then the cable reports <error>
    And the cable signed 0 payments
    And no power flowed
    And whoever sits on the line received 0 sat in all

    Examples:
      | part   | message | way           | error           |
      | payee  | OFFER   | to the cable  | WRONG_PAYEE     |
      | change | FUNDING | to the socket | CHANGE_DIVERTED |

  @REQ-PAY-5
  Scenario: Who is the socket to the cable gets one payment signed and no second, and the socket sells nothing for it
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And someone on the line redirects the payee of every OFFER to the cable to himself
    And someone on the line redirects the payee of every PAYMENT_REQUEST to the cable to himself
    When the devices are switched on
    And the session has ended
    And 15 s have passed
    Then the socket reports WRONG_PAYEE
    And the cable signed 1 payment
    And no power flowed

  Scenario Outline: CLOSE said to the socket after the <nth> <message> ends the session in order
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And someone on the line says CLOSE to the socket after the <nth> <message> <way>
    When the devices are switched on
    And the session has ended
    Then the power was cut within 500 ms of the forgery
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all
    And whoever sits on the line received 0 sat in all

    Examples:
      | nth    | message         | way           |
      | third  | METER           | to the cable  |
      | second | PAYMENT_REQUEST | to the cable  |
      | second | PAYMENT         | to the socket |

  Scenario Outline: CLOSE said to the socket after the first <message> ends the session before anything is sold
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    And someone on the line says CLOSE to the socket after the first <message> <way>
    When the devices are switched on
    And the session has ended
    And 1 s have passed
    Then no power flowed
    And whoever sits on the line received 0 sat in all

    Examples:
      | message         | way           |
      | OFFER           | to the cable  |
      | FUNDING         | to the socket |
      | PAYMENT_REQUEST | to the cable  |
      | PAYMENT         | to the socket |

  Scenario Outline: <word> said to the cable ends the session when what was paid for is used up
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And someone on the line says <word> to the cable
    And the session has ended
    Then the cable signed 1 payment
    And the energy delivered is 8 Wh within 2 %
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

    Examples:
      | word  |
      | CLOSE |
      | ERROR |

  Scenario: HELLO said to the socket in the name of another cable ends the session, and it is settled
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And someone on the line says HELLO to the socket
    And the session has ended
    Then the power was cut within 500 ms of the forgery
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

  @REQ-POWER-5
  Scenario: HELLO said to the socket in the session that runs gets the offer again and changes nothing
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And someone on the line says HELLO of this session to the socket
    And the session has ended
    Then 1 session began
    And 2 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all

  @REQ-POWER-4
  Scenario: A METER far ahead makes the socket deaf to its cable, and power ends with the credit
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And someone on the line says METER far ahead to the socket
    And the session has ended
    Then 1 payments of 0.1 mBTC were accepted
    And the energy delivered is 8 Wh within 2 %
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

  @REQ-CABLE-4
  Scenario Outline: The energy of a <message> is falsified, and the cable walks away
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    And someone on the line falsifies the energy of the <nth> <message> to the cable
    When the devices are switched on
    And the session has ended
    Then the cable reports <error>
    And the cable signed 1 payment
    And the power was cut within 500 ms of the forgery
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

    Examples:
      | nth   | message | error              |
      | third | METER   | ENERGY_OVERCLAIMED |
      | first | RECEIPT | RECEIPT_SHORT      |

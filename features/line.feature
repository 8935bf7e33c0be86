@REQ-LINK-4
Feature: Somebody who sits on the line
  He reads what passes between socket and cable, changes it, keeps it, and speaks in the name of either (SPEC, "The line").
  With that he can end a session, which is then settled like any other; he cannot redirect money that was signed.

  Scenario Outline: The <part> of an unsigned request is his, and the cable signs nothing for him
    Given socket and cable are a pair in <mode> mode
    And the load draws 1600 W
    And someone on the line redirects the <part> of the second PAYMENT_REQUEST to the cable to himself
    When the devices are switched on
    And the session has ended
    Then the cable reports <error>
    And the cable signed 1 payment
    And the power was cut within 500 ms of the forgery
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all
    And someone on the line received 0 sat in all

    Examples:
      | part   | mode        | error           |
      | payee  | single-fee  | WRONG_PAYEE     |
      | change | single-fee  | CHANGE_DIVERTED |
      | payee  | per-payment | WRONG_PAYEE     |
      | change | per-payment | CHANGE_DIVERTED |

  @REQ-SOCKET-1 @REQ-POWER-3
  Scenario Outline: The <part> of a signed payment is his, and the socket credits nothing for it
    Given socket and cable are a pair in <mode> mode
    And the load draws 1600 W
    And someone on the line redirects the <part> of the second PAYMENT to the socket to himself
    When the devices are switched on
    And the session has ended
    Then the socket reports <error>
    And 1 payments of 0.1 mBTC were accepted
    And the power was cut within 500 ms of the forgery
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all
    And someone on the line received 0 sat in all

    Examples:
      | part   | mode        | error           |
      | payee  | single-fee  | WRONG_PAYEE     |
      | change | single-fee  | CHANGE_DIVERTED |
      | payee  | per-payment | WRONG_PAYEE     |

  @REQ-SOCKET-1 @REQ-POWER-1
  Scenario: The payee of the first signed payment is his, and the socket sells nothing for it
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And someone on the line redirects the payee of the first PAYMENT to the socket to himself
    When the devices are switched on
    And the session has ended
    Then the socket reports WRONG_PAYEE
    And no power flowed
    And someone on the line received 0 sat in all

  Scenario Outline: The <part> in the <message> is his, and no payment is signed
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And someone on the line redirects the <part> of the first <message> <way> to himself
    When the devices are switched on
    And the session has ended
    Then the cable reports <error>
    And the cable signed 0 payments
    And no power flowed
    And someone on the line received 0 sat in all

    Examples:
      | part   | message | way           | error           |
      | payee  | OFFER   | to the cable  | WRONG_PAYEE     |
      | change | FUNDING | to the socket | CHANGE_DIVERTED |

  @REQ-PAY-5
  Scenario: Who is the socket to the cable gets one payment signed and no second, and the socket sells nothing for it
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
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
    And the load draws 1600 W
    And someone on the line says CLOSE to the socket after the <nth> <message> <way>
    When the devices are switched on
    And the session has ended
    Then the power was cut within 500 ms of the forgery
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all
    And someone on the line received 0 sat in all

    Examples:
      | nth    | message         | way           |
      | third  | METER           | to the cable  |
      | second | PAYMENT_REQUEST | to the cable  |
      | second | PAYMENT         | to the socket |

  Scenario Outline: CLOSE said to the socket after the first <message> ends the session before anything is sold
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    And someone on the line says CLOSE to the socket after the first <message> <way>
    When the devices are switched on
    And the session has ended
    And 1 s have passed
    Then no power flowed
    And someone on the line received 0 sat in all

    Examples:
      | message         | way           |
      | OFFER           | to the cable  |
      | FUNDING         | to the socket |
      | PAYMENT_REQUEST | to the cable  |
      | PAYMENT         | to the socket |

  Scenario Outline: <word> said to the cable after the first <message> ends its session, and nothing is sold
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    And someone on the line says <word> to the cable after the first <message> to the socket
    When the devices are switched on
    And 90 s have passed
    Then no power flowed
    And the cable signed 0 payments
    And someone on the line received 0 sat in all

    Examples:
      | word          | message |
      | CLOSE         | FUNDING |
      | METER of 5 Wh | FUNDING |

  @REQ-LINK-1
  Scenario: CLOSE said to a cable that calls delays it only
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 1 payments
    And someone on the line says CLOSE to the cable after the first HELLO to the socket
    When the devices are switched on
    And the session has ended
    Then 1 payments of 0.1 mBTC were accepted
    And the energy delivered is 8 Wh within 2 %
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.1 mBTC in all

  Scenario: A METER that claims too much, said while a receipt is awaited, ends the session before anything is sold
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And someone on the line says METER of 5 Wh to the cable after the first PAYMENT to the socket
    When the devices are switched on
    And the node takes 300 ms to answer
    And the session has ended
    Then the cable reports ENERGY_OVERCLAIMED
    And the cable signed 1 payment
    And no power flowed
    And someone on the line received 0 sat in all

  @REQ-SOCKET-4
  Scenario: A payment of before, said again as if it were new, is not credited and ends the session
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    When the devices are switched on
    And the second RECEIPT to the cable has passed
    And 2 s have passed
    And someone on the line says the first PAYMENT to the socket again
    And the session has ended
    Then the socket reports NOT_NEXT
    And the power was cut within 500 ms of the forgery
    And 2 payments of 0.1 mBTC were accepted
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.2 mBTC in all

  @REQ-CABLE-4 @REQ-POWER-5
  Scenario: A request of before, said again as if it were new, gets the same payment and no other
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And someone on the line says the first PAYMENT_REQUEST to the cable again
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the cable signed 2 payments
    And the power was never interrupted before the credit was spent
    And the ledger holds 1 transaction with one fee each

  Scenario: Receipts are kept from the cable and the next request is his: it signs nothing for him
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And someone on the line redirects the payee of the second PAYMENT_REQUEST to the cable to himself
    And every RECEIPT to the cable is dropped
    When the devices are switched on
    And the session has ended
    Then the cable reports WRONG_PAYEE
    And the cable signed 1 payment
    And the newest valid transaction was broadcast and confirms
    And someone on the line received 0 sat in all

  Scenario Outline: <word> said to the cable ends the session when what was paid for is used up
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
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

  Scenario Outline: <hello> said to the socket after the first <message> costs the cable no more than time
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And someone on the line says <hello> to the socket after the first <message> <way>
    When the devices are switched on
    And power flows again
    And 5 s have passed
    And the cable is pulled out of the socket
    And 3 s have passed
    Then at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And someone on the line received 0 sat in all

    Examples:
      | hello                    | message         | way           |
      | HELLO                    | FUNDING         | to the socket |
      | HELLO                    | PAYMENT_REQUEST | to the cable  |
      | HELLO                    | PAYMENT         | to the socket |
      | HELLO of another network | OFFER           | to the cable  |
      | HELLO of another network | FUNDING         | to the socket |

  Scenario: HELLO said to the socket while it checks a payment ends the session, and it is settled
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And someone on the line says HELLO to the socket after the second PAYMENT to the socket
    When the devices are switched on
    And the session has ended
    Then the power was cut within 500 ms of the forgery
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms
    And the socket received 0.1 mBTC in all

  Scenario: HELLO said to the socket in the name of another cable ends the session, and it is settled
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
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
  Scenario Outline: HELLO said to the socket in the session that runs gets the offer again and changes nothing, <nth> <message>
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
    And the cable pays for at most 2 payments
    And someone on the line says HELLO of this session to the socket after the <nth> <message> <way>
    When the devices are switched on
    And the session has ended
    Then 1 session began
    And 2 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent
    And the ledger holds 1 transaction with one fee each
    And the socket received 0.2 mBTC in all

    Examples:
      | nth    | message         | way           |
      | first  | PAYMENT_REQUEST | to the cable  |
      | first  | PAYMENT         | to the socket |
      | third  | METER           | to the cable  |
      | second | PAYMENT         | to the socket |

  @REQ-POWER-4
  Scenario: A METER far ahead makes the socket deaf to its cable, and power ends with the credit
    Given socket and cable are a pair in single-fee mode
    And the load draws 1600 W
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
    And the load draws 1600 W
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

Feature: A device whose storage fails stops, and loses nothing that was paid
  Full, read-only, torn. What was to be written before is then not done: no payment is credited and none is signed. The
  device stops with its contact open, and a damaged record is never replaced by a fresh one (SPEC, "Boot and power-on").

  @REQ-KEEP-4
  Scenario Outline: The socket's storage is <fault> before the first payment, and no power flows
    Given the socket is under test in <mode> mode
    And the load draws 1300 W
    When the devices are switched on
    And the storage of the socket is <fault>, as a seeded fault
    And 60 s have passed
    Then the console of the socket says "storage" within 35 s of the seeded fault
    And no power flowed
    And 0 payments of 0.1 mBTC were accepted

    Examples:
      | fault     | mode        |
      | full      | single-fee  |
      | read-only | per-payment |

  @REQ-KEEP-4 @REQ-POWER-4
  Scenario Outline: The socket's storage is <fault> while power flows, and power ends with the credit at the latest
    Given the socket is under test in <mode> mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the storage of the socket is <fault>, as a seeded fault
    And 60 s have passed
    Then the power was cut within 20 s of the seeded fault
    And at most 0.1 Wh flowed unpaid
    And 1 payment of 0.1 mBTC was accepted

    Examples:
      | fault     | mode        |
      | full      | single-fee  |
      | full      | per-payment |
      | read-only | single-fee  |

  @REQ-KEEP-4 @REQ-KEEP-2
  Scenario Outline: The socket's storage is full when the next payment arrives, which gets no receipt, in <mode> mode
    Given the socket is under test in <mode> mode
    And the socket asks for payments of 9700 sat
    And the load draws 300 W
    And every PAYMENT to the socket is delayed by 500 ms
    When the devices are switched on
    And the first payment has been accepted
    And the second PAYMENT to the socket has passed
    And the storage of the socket is full, as a seeded fault
    And 60 s have passed
    Then 1 payment of 9700 sat was accepted
    And at most 0.1 Wh flowed unpaid

    Examples:
      | mode        |
      | single-fee  |
      | per-payment |

  @REQ-KEEP-4 @REQ-KEEP-1 @REQ-LEDGER-1
  Scenario Outline: The socket's storage is <fault> while power flows, and what was paid is settled when it works again
    Given the socket is under test in <mode> mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the storage of the socket is <fault>, as a seeded fault
    And 20 s have passed
    And the storage of the socket works again
    And the supply of the socket fails for 3 s
    And 180 s have passed
    Then the newest valid transaction was broadcast and confirms
    And the socket lost at most 800 sat
    And no receiving address was offered twice

    Examples:
      | fault     | mode        |
      | full      | single-fee  |
      | read-only | single-fee  |
      | full      | per-payment |

  @REQ-POWER-2 @REQ-POWER-4 @REQ-TIME-1
  Scenario: Each write of the socket takes 500 ms, and it sells within its limits
    Given the socket is under test in single-fee mode
    And the socket asks for payments of 5000 sat
    And the load draws 500 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And each write to the storage of the socket takes 500 ms, as a seeded fault
    And the session has ended
    Then power flowed within 3 s of the first payment
    And the device under test answered every question within 2 s
    And 2 payments of 5000 sat were accepted
    And the energy delivered is 8 Wh within 3 %
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

  @REQ-POWER-5 @REQ-TIME-1
  Scenario: Each write of the cable takes 500 ms, and it pays in time
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And each write to the storage of the cable takes 500 ms, as a seeded fault
    And the session has ended
    Then the cable signed 3 payments
    And the device under test answered every question within 2 s
    And the power was never interrupted before the credit was spent

  @REQ-KEEP-4
  Scenario Outline: The cable's storage is <fault>, and it signs nothing more
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And the storage of the cable is <fault>, as a seeded fault
    And 60 s have passed
    Then the cable signed 1 payment
    And the console of the cable says "storage" within 35 s of the seeded fault

    Examples:
      | fault     |
      | full      |
      | read-only |

  @REQ-KEEP-4 @REQ-KEEP-1
  Scenario: The socket's newest file is torn in a power cut, and no address is offered twice
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the storage of the socket is torn in its newest file, as a seeded fault
    And the supply of the socket fails for 3 s
    And 120 s have passed
    Then 1 session began
    And no receiving address was offered twice
    And the socket lost at most 10000 sat

  @REQ-KEEP-4 @REQ-KEEP-3
  Scenario: Every file of the socket is torn in a power cut, and it sells nothing more
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the storage of the socket is torn in every file, as a seeded fault
    And the supply of the socket fails for 3 s
    And 60 s have passed
    Then the power was cut within 500 ms of the seeded fault
    And the console of the socket says "storage" within 35 s of the seeded fault
    And 1 payment of 0.1 mBTC was accepted
    And no receiving address was offered twice

  @REQ-KEEP-4
  Scenario: Every file of the cable is torn in a power cut, and it signs nothing more
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the storage of the cable is torn in every file, as a seeded fault
    And the supply of the cable fails for 3 s
    And 60 s have passed
    Then the cable signed 1 payment
    And the console of the cable says "storage" within 35 s of the seeded fault

Feature: A device is given another version of its firmware in the middle of a session
  Two versions of the program run on the same storage, one after the other (devices.ROLE.other_firmware of the rig file).
  What the first has written the other takes up, or it stops with its contact open; nothing is begun anew over a record
  that a version does not know (SPEC, "Storage").

  @REQ-KEEP-5 @REQ-LEDGER-1
  Scenario Outline: The socket is given its other firmware in mid-session, in <mode> mode, and what was paid is settled
    Given the socket is under test in <mode> mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the socket is given its other firmware
    And 180 s have passed
    Then the newest valid transaction was broadcast and confirms
    And the socket lost at most 800 sat
    And no receiving address was offered twice

    Examples:
      | mode        |
      | single-fee  |
      | per-payment |

  @REQ-KEEP-5 @REQ-LEDGER-1
  Scenario: The socket is given its first firmware again, which knows its session or stops, and then the other one
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the socket is given its other firmware
    And 12 s have passed
    And the socket is given its first firmware again
    And 30 s have passed
    And the socket is given its other firmware
    And 180 s have passed
    Then the newest valid transaction was broadcast and confirms
    And the socket lost at most 2000 sat
    And no receiving address was offered twice

  @REQ-KEEP-5
  Scenario: The cable is given its other firmware in mid-session, and the session goes on
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is given its other firmware
    And the session has ended
    Then 1 session began
    And the cable signed 3 payments
    And the energy delivered is 24 Wh within 2 %

  @REQ-KEEP-5
  Scenario: The cable is given its first firmware again, and signs only what it can account for
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is given its other firmware
    And 8 s have passed
    And the cable is given its first firmware again
    And 60 s have passed
    Then 1 session began
    And no change address was declared twice

@core @REQ-BOOT-1
Feature: The boot budget
  The prototype needed 27 s from power-on to the first payment (slides). That is the most a device may take.

  @REQ-POWER-1
  Scenario: A socket takes its first payment within the budget
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And the first payment has been accepted
    Then the first payment was accepted within 27 s of power-on
    And no power flowed before the first payment was accepted

  Scenario: A cable makes its first payment within the budget
    Given the cable is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And the first payment has been accepted
    Then the first payment was accepted within 27 s of power-on

  Scenario: A socket that needs 31 s is found to be too slow
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    And the device under test needs 10 s longer to start, as a seeded defect
    When the devices are switched on
    And the first payment has been accepted
    Then the first payment was accepted later than 27 s after power-on

  @REQ-BOOT-2 @REQ-KEEP-1
  Scenario Outline: A socket that sees the ledger by <view> boots within the budget when its storage is warm, too
    Given the socket is under test in single-fee mode
    And the socket sees the ledger by <view>
    And the load draws 1800 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the session has ended
    And the cable is pulled out of the socket
    And the supply of the socket fails for 2 s
    And another cable is plugged in
    And power flows again
    Then power flowed again within 27 s of the restored supply
    And 2 sessions began

    Examples:
      | view |
      | node |
      | spv  |
      | api  |

  @REQ-BOOT-3 @REQ-POWER-1 @fresh_node
  Scenario: A socket that finds no ledger offers nothing until there is one
    Given the socket is under test in single-fee mode
    And the load draws 100 W
    When the devices are switched on
    And 1 s have passed
    And the node is killed
    And 60 s have passed
    And the node is started again
    And the first payment has been accepted
    And 5 s have passed
    Then no power flowed before the first payment was accepted
    And the socket asked for 1 payment

  @REQ-POWER-1 @REQ-KEEP-3
  Scenario Outline: The supply fails <at> after power-on, while the socket boots
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And <at> have passed
    And the supply of the socket fails for 500 ms
    And the first payment has been accepted
    And 3 s have passed
    Then no power flowed before the first payment was accepted
    And power flowed again within 30 s of the restored supply
    And 1 session began

    Examples:
      | at     |
      | 1 s    |
      | 9 s    |
      | 20.9 s |

  @REQ-POWER-1
  Scenario: A cable that waits in the socket while it boots gets one session
    Given the socket is under test in single-fee mode
    And the load draws 1800 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the session has ended
    And 10 s have passed
    Then 1 session began
    And the first payment was accepted within 27 s of power-on
    And the session was set up within 2 s

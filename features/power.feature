Feature: Mains, plug and appliance misbehave
  What an outlet meets in a kitchen: mains that fail and sag, a cable that is pulled, appliances that step, surge and idle.
  The socket bills what it delivered and nothing else, never delivers without credit, and the session goes on wherever
  it can.

  @REQ-KEEP-1 @REQ-KEEP-2 @REQ-KEEP-3
  Scenario: The mains fail while power flows, and the session is taken up where it was
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the mains are lost for 3 s
    And the session has ended
    Then power flowed again within 35 s of the restored mains
    And the socket billed at most 0.1 Wh more than it delivered
    And 1 session began
    And 3 payments of 0.1 mBTC were accepted
    And the energy delivered is 24 Wh within 3 %

  @REQ-METER-1 @REQ-POWER-5
  Scenario: Nothing is billed while the power path alone has no mains
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the mains ahead of the socket's contact are interrupted for 20 s
    And the session has ended
    Then power flowed again within 500 ms of the restored mains
    And the socket billed at most 0.1 Wh more than it delivered
    And 1 session began
    And the energy delivered is 16 Wh within 1 %

  @REQ-METER-1 @REQ-KEEP-2
  Scenario Outline: The mains are at <share> for <duration>
    Given the socket is under test in single-fee mode
    And the load draws 650 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the mains are at <share> for <duration>
    And the session has ended
    Then power flowed again within <back> of the restored mains
    And the socket billed at most 0.15 Wh more than it delivered
    And 1 session began
    And 2 payments of 0.1 mBTC were accepted
    And the energy delivered is 16 Wh within <tolerance>

    Examples: The electronics live on
      | share | duration | back   | tolerance |
      | 110 % | 5 s      | 500 ms | 1 %       |
      | 50 %  | 5 s      | 500 ms | 1 %       |
      | 0 %   | 10 ms    | 500 ms | 1 %       |

    Examples: The electronics lose their supply, too
      | share | duration | back   | tolerance |
      | 30 %  | 200 ms   | 35 s   | 4 %       |
      | 0 %   | 1 s      | 35 s   | 4 %       |

  @REQ-PLUG-1 @REQ-PLUG-2 @REQ-LEDGER-1
  Scenario Outline: The cable is pulled while the appliance draws <power>
    Given the socket is under test in single-fee mode
    And the load draws <power>
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is pulled out of the socket
    Then the settlement was broadcast within 2 s of the unplugging
    And the outlet was dead within 200 ms of the unplugging
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

    Examples:
      | power  |
      | 1800 W |
      | 5 W    |

  @REQ-PLUG-1 @REQ-PLUG-3
  Scenario: The cable is pulled and plugged in again, and pays anew
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the cable is pulled out of the socket
    And 3 s have passed
    And a block is mined
    And the cable is plugged in again
    And power flows again
    And the session has ended
    Then the outlet was dead within 200 ms of the unplugging
    And 2 sessions began
    And at most 0.1 Wh flowed unpaid

  @REQ-POWER-5 @REQ-LOAD-1 @REQ-PAY-4
  Scenario: The load steps down and up, and each top-up comes without a gap
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 4 payments
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the load changes to 300 W
    And 40 s have passed
    And the load changes to 1800 W
    And the session has ended
    Then the power was never interrupted before the credit was spent
    And 4 payments of 0.1 mBTC were accepted
    And the energy delivered is 32 Wh within 1 %

  @REQ-LOAD-1
  Scenario: An appliance that pauses for less than ten seconds keeps its session and its credit
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the load is switched off
    And 8 s have passed
    And the load is switched on again
    And the session has ended
    Then 1 session began
    And the energy delivered is 16 Wh within 1 %

  @REQ-LOAD-1 @REQ-PAY-8
  Scenario: A cable keeps its session while its appliance pauses for eight seconds
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the load is switched off
    And 8 s have passed
    And the load is switched on again
    And the session has ended
    Then 1 session began
    And the cable signed 2 payments
    And the energy delivered is 16 Wh within 2 %

  @REQ-LOAD-1
  Scenario: A cable keeps its session while its appliance has not drawn power yet
    Given the cable is under test in single-fee mode
    And the load draws 1300 W
    And the cable pays for at most 1 payments
    When the devices are switched on
    And the load is switched off
    And the first payment has been accepted
    And 15 s have passed
    And the load is switched on again
    And the session has ended
    Then 1 session began
    And the energy delivered is 8 Wh within 2 %

  @REQ-PAY-8 @REQ-LOAD-1
  Scenario: An appliance that is finished ends the session, and nothing more is paid
    Given the socket is under test in single-fee mode
    And the load draws 1300 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the load is switched off
    And the session has ended
    Then 1 payment of 0.1 mBTC was accepted
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

  @REQ-LOAD-1 @REQ-METER-1
  Scenario: On standby the credit lasts, and is there when the appliance wakes up
    Given the socket is under test in single-fee mode
    And the load draws 0.5 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 15 s have passed
    And the load changes to 1800 W
    And the session has ended
    Then 1 session began
    And 2 payments of 0.1 mBTC were accepted
    And the energy delivered is 16 Wh within 1 %
    And at most 0.1 Wh flowed unpaid

  @REQ-LOAD-1 @REQ-PAY-8 @REQ-PAY-3
  Scenario: A kettle boils, and the cable closes the session when its switch opens
    Given the socket is under test in single-fee mode
    And the load plays a kettle
    When the devices are switched on
    And the first payment has been accepted
    And the session has ended
    Then the highest power was between 1780 W and 1820 W
    And the energy delivered is 96 Wh within 1 %
    And the power was never interrupted before the credit was spent
    And at most 0.1 Wh flowed unpaid
    And the ledger holds 1 transaction with one fee each

  @REQ-LOAD-1 @REQ-POWER-5
  Scenario: A heater draws twice its power while its PTC stones are cold
    Given the socket is under test in single-fee mode
    And the load plays a ptc-heater
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    Then the highest power was between 1580 W and 1620 W
    And the power was never interrupted before the credit was spent
    And the energy delivered is 24 Wh within 1 %

  @REQ-LOAD-1
  Scenario: A telephone is charged for ten minutes from one payment
    Given the socket is under test in single-fee mode
    And the load plays a phone-charger
    When the devices are switched on
    And the first payment has been accepted
    And 10 min have passed
    Then 1 payment of 0.1 mBTC was accepted
    And the power was never interrupted before the credit was spent
    And the energy delivered is 0.833 Wh within 70 %
    And the socket billed at most 0.6 Wh more than it delivered

  @REQ-POWER-3 @REQ-LEDGER-1
  Scenario Outline: An appliance draws <power> where at most 1000 W are sold, in <mode> mode
    Given the socket is under test in <mode> mode
    And the socket sells at most 1000 W
    And the load draws 900 W
    When the devices are switched on
    And the first payment has been accepted
    And 10 s have passed
    And the load changes to <power>
    And 16 s have passed
    Then the device under test closes the session as FAULT
    And the energy delivered is <energy> within 15 %
    And at most 0.1 Wh flowed unpaid
    And the newest valid transaction was broadcast and confirms

    Examples:
      | power  | mode        | energy  |
      | 1030 W | single-fee  | 2.9 Wh  |
      | 1100 W | single-fee  | 2.95 Wh |
      | 1700 W | per-payment | 3.2 Wh  |

  @REQ-POWER-4 @REQ-LOAD-1
  Scenario: Two peaks of 700 ms above what is sold, ten seconds apart, end no session
    Given the socket is under test in single-fee mode
    And the socket sells at most 1000 W
    And the load draws 900 W
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 5 s have passed
    And the load changes to 1100 W
    And 700 ms have passed
    And the load changes to 900 W
    And 10 s have passed
    And the load changes to 1100 W
    And 700 ms have passed
    And the load changes to 900 W
    And the session has ended
    Then 2 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent

  @REQ-LOAD-1
  Scenario: An appliance may draw all that is sold without end
    Given the socket is under test in single-fee mode
    And the socket sells at most 1000 W
    And the load draws 995 W
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    Then 3 payments of 0.1 mBTC were accepted
    And the power was never interrupted before the credit was spent

  @REQ-LOAD-1
  Scenario: The inrush of a motor trips nothing, at the start and after the mains came back
    Given the socket is under test in single-fee mode
    And the load plays a motor
    And the cable pays for at most 2 payments
    When the devices are switched on
    And the first payment has been accepted
    And 30 s have passed
    And the mains ahead of the socket's contact are interrupted for 3 s
    And the session has ended
    Then power flowed again within 500 ms of the restored mains
    And the highest power was between 1700 W and 1800 W
    And 1 session began
    And the energy delivered is 16 Wh within 2 %

  @REQ-LOAD-1 @REQ-PAY-3 @long
  Scenario: A car is charged for two hours
    Given the socket is under test in single-fee mode
    And the load plays an ev-charger
    And the socket sells up to 450 payments a session
    And the cable pays for at most 450 payments
    And the cable's coins are worth 50 mBTC
    When the devices are switched on
    And the first payment has been accepted
    And 5 min have passed
    And the lab meter is read once every 2 s from now on
    And 114 min have passed
    And the session has ended
    Then 450 payments of 0.1 mBTC were accepted
    And the energy delivered is 3600 Wh within 1 %
    And the socket billed at most 15 Wh more than it delivered
    And the ledger holds 1 transaction with one fee each

  @REQ-POWER-5
  Scenario Outline: The contact rests while the socket delivers <power>
    Given the socket is under test in single-fee mode
    And the load draws <power>
    And the cable pays for at most 3 payments
    When the devices are switched on
    And the session has ended
    Then the socket's contact was never open for longer than 5 ms before the credit was spent

    Examples:
      | power  |
      | 400 W  |
      | 1800 W |

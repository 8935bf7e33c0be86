@catalogue @REQ-PAY-5 @REQ-POWER-3 @REQ-CABLE-1 @REQ-CABLE-2 @REQ-CABLE-3 @REQ-CABLE-4 @REQ-METER-2
Feature: A socket that cheats
  Every way in which a socket can cheat that a counterpart on the line can carry out, against a cable that is honest. What the
  cable must do, within what time, and what it may lose at most: hil/links/abuses/abuse_catalogue.yaml.

  Scenario Outline: The socket will <abuse>, in <mode> mode
    Given the cable is under test in <mode> mode
    And the load draws 1600 W
    And the socket will <abuse>
    When the devices are switched on
    And the counterpart has cheated
    Then the cable answers as the catalogue demands, within its time
    And the cable loses no more than the catalogue allows

    Examples:
      | abuse                            | mode        |
      | overcharge-one-satoshi           | single-fee  |
      | ask-for-two-quanta               | single-fee  |
      | ask-for-everything               | single-fee  |
      | undercharge-one-satoshi          | single-fee  |
      | switch-the-payee                 | single-fee  |
      | switch-to-a-script-hash          | single-fee  |
      | switch-to-a-nonstandard-script   | single-fee  |
      | divert-the-change                | single-fee  |
      | keep-the-change                  | single-fee  |
      | raise-the-fee                    | single-fee  |
      | lower-the-fee                    | single-fee  |
      | slip-in-an-output                | single-fee  |
      | bloat-the-proposal               | single-fee  |
      | propose-a-negative-amount        | single-fee  |
      | propose-no-outputs               | single-fee  |
      | propose-swapped-outputs          | single-fee  |
      | propose-a-foreign-input          | single-fee  |
      | propose-a-coinbase               | single-fee  |
      | propose-an-input-twice           | single-fee  |
      | propose-an-input-less            | single-fee  |
      | switch-the-mode                  | single-fee  |
      | propose-an-older-state           | single-fee  |
      | propose-replacement              | single-fee  |
      | propose-a-lock-by-height         | single-fee  |
      | propose-version-one              | single-fee  |
      | propose-version-three            | single-fee  |
      | offer-too-dear-a-tariff          | single-fee  |
      | offer-too-large-a-quantum        | single-fee  |
      | offer-a-quantum-of-dust          | single-fee  |
      | offer-an-absurd-fee-rate         | single-fee  |
      | offer-a-script-hash              | single-fee  |
      | offer-a-nonstandard-script       | single-fee  |
      | offer-to-another-session         | single-fee  |
      | raise-the-tariff-in-mid-session  | single-fee  |
      | ask-before-the-offer             | single-fee  |
      | ask-two-payments-ahead           | single-fee  |
      | ask-for-the-next-at-once         | single-fee  |
      | ask-for-other-bytes              | single-fee  |
      | ask-with-the-most-credit         | single-fee  |
      | ask-with-too-much-credit         | single-fee  |
      | ask-beyond-the-budget            | single-fee  |
      | ask-again-and-again              | single-fee  |
      | overbill-eight-percent            | single-fee  |
      | overclaim-in-a-request           | single-fee  |
      | claim-without-delivering         | single-fee  |
      | deliver-nothing                  | single-fee  |
      | stop-delivering                  | single-fee  |
      | take-a-payment-and-close         | single-fee  |
      | take-a-payment-and-restart       | single-fee  |
      | take-a-payment-and-forget        | single-fee  |
      | refuse-a-good-payment            | single-fee  |
      | take-a-payment-and-name-it       | single-fee  |
      | name-a-payment-in-mid-delivery   | single-fee  |
      | call-the-session-used            | single-fee  |
      | close-for-a-fault                | single-fee  |
      | close-as-if-unplugged            | single-fee  |
      | have-no-ledger                   | single-fee  |
      | ask-beyond-its-offer             | single-fee  |
      | repeat-its-meter                 | single-fee  |
      | credit-one-mwh-less              | single-fee  |
      | credit-nothing                   | single-fee  |
      | credit-another-payment           | single-fee  |
      | credit-one-mwh-more              | single-fee  |
      | send-the-receipt-before          | single-fee  |
      | send-no-receipts                 | single-fee  |
      | fall-silent-before-asking        | single-fee  |
      | fall-silent-while-delivering     | single-fee  |
      | send-an-old-request-number       | single-fee  |
      | use-up-its-sequence-numbers      | single-fee  |
      | close-another-session            | single-fee  |
      | talk-like-a-cable                | single-fee  |
      | complain-without-reason          | single-fee  |
      | corrupt-a-request                | single-fee  |
      | flood-with-broken-frames         | single-fee  |
      | flood-with-meter-readings        | single-fee  |
      | send-garbage                     | single-fee  |
      | send-an-overlong-frame           | single-fee  |
      | leave-a-frame-open               | single-fee  |
      | dribble                          | single-fee  |
      | replay-a-request-frame           | single-fee  |
      | replay-the-offer                 | single-fee  |
      | send-a-message-of-unknown-type   | single-fee  |
      | send-a-request-with-a-field-less | single-fee  |
      | send-nested-arrays               | single-fee  |
      | propose-an-oversize-transaction  | single-fee  |
      | send-flawed-messages             | single-fee  |

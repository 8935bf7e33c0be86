@catalogue @REQ-PAY-5 @REQ-POWER-3 @REQ-SOCKET-1 @REQ-SOCKET-2 @REQ-SOCKET-3 @REQ-SOCKET-4
Feature: A cable that cheats
  Every way in which a cable can cheat that a counterpart on the line can carry out, against a socket that is honest. What the
  socket must do, within what time, and what it may lose at most: hil/links/abuses/abuse_catalogue.yaml.

  Scenario Outline: The cable will <abuse>, in <mode> mode
    Given the socket is under test in <mode> mode
    And the load draws 1600 W
    And the cable will <abuse>
    When the devices are switched on
    And the counterpart has cheated
    Then the socket answers as the catalogue demands, within its time
    And the socket loses no more than the catalogue allows

    Examples:
      | abuse                           | mode        |
      | underpay-one-satoshi            | single-fee  |
      | underpay-half                   | single-fee  |
      | overpay-one-satoshi             | single-fee  |
      | pay-a-stranger                  | single-fee  |
      | pay-a-script-hash               | single-fee  |
      | pay-a-future-witness            | single-fee  |
      | pay-a-nonstandard-script        | single-fee  |
      | send-the-change-to-a-stranger   | single-fee  |
      | leave-the-change-to-the-fee     | single-fee  |
      | pay-an-absurd-fee               | single-fee  |
      | pay-too-low-a-fee               | single-fee  |
      | add-a-dust-output               | single-fee  |
      | bloat-the-transaction           | single-fee  |
      | pay-a-negative-amount           | single-fee  |
      | send-no-outputs                 | single-fee  |
      | swap-the-outputs                | single-fee  |
      | add-a-nonexistent-input         | single-fee  |
      | spend-a-coinbase                | single-fee  |
      | repeat-an-input                 | single-fee  |
      | leave-out-an-input              | single-fee  |
      | spend-unconfirmed-change        | single-fee  |
      | repeat-an-older-state           | single-fee  |
      | signal-replacement              | single-fee  |
      | lock-by-age                     | single-fee  |
      | lock-by-height                  | single-fee  |
      | lock-without-effect             | single-fee  |
      | use-version-one                 | single-fee  |
      | use-version-three               | single-fee  |
      | send-half-a-transaction         | single-fee  |
      | append-to-the-transaction       | single-fee  |
      | sign-none                       | single-fee  |
      | sign-single                     | single-fee  |
      | sign-all-anyone-can-pay         | single-fee  |
      | sign-none-anyone-can-pay        | single-fee  |
      | sign-single-anyone-can-pay      | single-fee  |
      | flip-a-signature-bit            | single-fee  |
      | flip-a-bit-of-the-second-signature | single-fee |
      | sign-with-high-s                | single-fee  |
      | pad-the-signature               | single-fee  |
      | sign-for-another-amount         | single-fee  |
      | strip-the-witness               | single-fee  |
      | add-to-the-witness              | single-fee  |
      | sign-with-another-key           | single-fee  |
      | declare-a-nonexistent-coin      | single-fee  |
      | declare-a-spent-coin            | single-fee  |
      | declare-an-unconfirmed-coin     | single-fee  |
      | exaggerate-a-coin               | single-fee  |
      | declare-a-strangers-coin        | single-fee  |
      | declare-a-script-hash-coin      | single-fee  |
      | declare-a-coin-twice            | single-fee  |
      | declare-script-hash-change      | single-fee  |
      | declare-too-little              | single-fee  |
      | declare-other-coins-later       | single-fee  |
      | declare-other-change-later      | single-fee  |
      | let-the-change-fall-under-dust  | single-fee  |
      | spend-the-coin-while-delivering | single-fee  |
      | spend-the-coin-before-paying    | single-fee  |
      | conflict-too-cheaply            | per-payment |
      | broadcast-the-payment-before    | single-fee  |
      | broadcast-an-older-payment      | single-fee  |
      | broadcast-the-payment-first     | per-payment |
      | call-on-the-wrong-network       | single-fee  |
      | call-in-an-unknown-version      | single-fee  |
      | call-for-another-mode           | single-fee  |
      | reuse-the-session-id            | single-fee  |
      | restart-in-mid-session          | single-fee  |
      | return-to-a-session-that-gave-way | single-fee  |
      | return-after-sixty-sessions     | single-fee  |
      | return-to-a-past-session-while-buying | single-fee |
      | restart-in-another-mode         | single-fee  |
      | talk-nonsense                   | single-fee  |
      | pay-before-being-asked          | single-fee  |
      | skip-a-payment-number           | single-fee  |
      | pay-under-an-older-number       | single-fee  |
      | repeat-an-older-payment         | single-fee  |
      | repeat-a-payment                | single-fee  |
      | send-an-old-sequence-number     | single-fee  |
      | use-up-the-sequence-numbers     | single-fee  |
      | talk-in-an-unknown-session      | single-fee  |
      | close-an-unknown-session        | single-fee  |
      | talk-like-a-socket              | single-fee  |
      | complain-for-nothing            | single-fee  |
      | understate-its-meter            | single-fee  |
      | repeat-its-first-meter          | single-fee  |
      | never-pay                       | single-fee  |
      | stop-paying                     | single-fee  |
      | fall-silent                     | single-fee  |
      | fall-silent-before-paying       | single-fee  |
      | pay-late                        | single-fee  |
      | pay-too-late                    | single-fee  |
      | close-and-go-on-drawing         | single-fee  |
      | corrupt-a-frame                 | single-fee  |
      | flood-with-corrupt-frames       | single-fee  |
      | flood-with-messages             | single-fee  |
      | send-noise                      | single-fee  |
      | send-empty-frames               | single-fee  |
      | send-an-oversize-frame          | single-fee  |
      | never-end-a-frame               | single-fee  |
      | send-byte-by-byte               | single-fee  |
      | replay-a-frame                  | single-fee  |
      | replay-the-first-frame          | single-fee  |
      | send-an-unknown-message         | single-fee  |
      | leave-out-a-field               | single-fee  |
      | add-a-field                     | single-fee  |
      | mistype-a-field                 | single-fee  |
      | send-a-float                    | single-fee  |
      | use-an-indefinite-length        | single-fee  |
      | nest-deeply                     | single-fee  |
      | send-an-oversize-transaction    | single-fee  |
      | send-messages-with-flaws        | single-fee  |
      | call-in-other-versions          | single-fee  |
      | send-bad-frames                 | single-fee  |

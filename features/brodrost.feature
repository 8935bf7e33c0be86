# language: sv
@core @REQ-PAY-1 @REQ-METER-1
Egenskap: Rosta en skiva bröd
  Den som provar skriver på sitt eget språk: nyckelord och steg på svenska, samma steg bakom. Kommandot
  `hil steps lasten` visar båda lydelserna.

  Bakgrund:
    Givet lasten drar 1300 W

  Regel: Uttaget levererar bara det som är betalt
    Ingen effekt utan kredit.

    @REQ-POWER-1
    Abstrakt Scenario: En halv skiva, såld av uttaget i läget <läge>
      Givet enheten socket provas i läget <läge>
      Och kabeln betalar högst 2 gånger
      När enheterna slås på
      Och sessionen är slut
      Så togs 2 betalningar om 0.1 mBTC emot
      Och flödade ingen effekt före den första betalningen
      Och är den levererade energin 16 Wh inom 2 %
      Men flödade högst 0.1 Wh obetalt

      Exempel:
        | läge        |
        | single-fee  |
        | per-payment |

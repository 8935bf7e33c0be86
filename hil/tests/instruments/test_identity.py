"""Who an instrument says that it is, as makers and firmware write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.instruments.dialects import LOADS, METERS
from hil.instruments.identity import Models, lenient_identity, parse_identity
from hil.ports import Identity

# The first reply of each dialect is that of its transcript (fixtures/data/transcripts, with its source there). Then: a
# log of a DL3021 in public repositories, the programming guide of the IT8600 series, the example of R&S's manuals with
# its blanks, and what differs from these as the manuals of the series let it: sisters, case, blanks, more fields.
TOLD = [
    ("hmc8015", "Rohde&Schwarz,HMC8015,043506929,01.403"),
    ("hmc8015", "ROHDE&SCHWARZ,HMC8015,043506929,01.403"),
    ("hmc8015", "Rohde & Schwarz, HMC8015, 043506929, 01.403"),
    ("hmc8015", "Rohde and Schwarz,hmc8015-g,043506929,01.403"),
    ("hmc8015", "HAMEG,HMC8015,013456789,HW42000000,SW01.000"),
    ("wt310e", "YOKOGAWA,WT310E,C3XX12345E,F1.04"),
    ("wt310e", "YOKOGAWA,WT310EH,C3XX12345E,F1.04"),
    ("wt310e", "Yokogawa Electric Corporation,WT310E,91GB12345,F3.05-//EN/1.00/1.00"),
    ("it8615", "ITECH,IT8615,KN34243232,01.00"),
    ("it8615", "ITECH Ltd.,IT8615,KN34243232,01.00"),
    ("it8615", "ITECH Ltd., IT8615, KN34243232, 1.08-1.05, 2"),
    ("it8615", "Itech Electronic Co., Ltd.,IT8615,KN34243232,01.00"),
    ("it8615l", "ITECH Ltd.,IT8615L,KN34243232,01.00"),
    ("dl3021", "RIGOL TECHNOLOGIES,DL3021,DL3A204800938,00.01.05.00.01"),
    ("bk8500b", "B&K PRECISION,8500B,802200036757210001,1.42-1.42"),
    ("bk8500b", "B&K Precision,8500B,802200036757210001,1.42"),
    ("dl3021", "Rigol Technologies,DL3021A,DL3A204800938,00.01.05.00.01"),
    ("dl3021", '"RIGOL TECHNOLOGIES","DL3021A","DL3A1","00.01"'),
]


@pytest.mark.parametrize(("name", "reply"), TOLD)
def test_the_driver_of_an_instrument_is_found_by_what_it_tells_and_no_other_is(name: str, reply: str) -> None:
    identity = parse_identity(reply)

    assert identity is not None
    serving = [
        plugin.name
        for dialects in (METERS, LOADS)
        for plugin, driver in dialects.loaded([])
        if driver.serves.serve(identity)
    ]
    assert serving == [name]


@pytest.mark.parametrize(
    "reply",
    [
        "Rohde&Schwarz,HMC8012,1,1",
        "YOKOGAWA,WT310,C2PH13047V,F1.03",
        "YOKOGAWA,WT332E,1,1",
        "ITECH,IT8616,1,1",
        "ITECH,IT86150,1,1",
        "ACME,HMC8015,1,1",
        "RIGOL TECHNOLOGIES,DL3031A,1,1",
    ],
)
def test_a_model_of_other_ratings_or_another_maker_is_served_by_none(reply: str) -> None:
    identity = parse_identity(reply)

    assert identity is not None
    for dialects in (METERS, LOADS):
        assert not any(driver.serves.serve(identity) for _, driver in dialects.loaded([]))


@pytest.mark.parametrize("reply", ["ACME", "", "ACME,M1,7", ",,,", "ACME,,7,1.0", ",M1,7,1.0"])
def test_a_reply_without_the_four_fields_is_no_identity(reply: str) -> None:
    assert parse_identity(reply) is None


def test_fields_beyond_the_fourth_belong_to_the_firmware() -> None:
    assert parse_identity("ACME, M1 ,7,1.0,boot 2,") == Identity("ACME", "M1", "7", "1.0,boot 2")


def test_a_legal_form_behind_a_comma_belongs_to_the_maker() -> None:
    assert parse_identity("Acme Co., Ltd.,M1,7,1.0") == Identity("Acme Co., Ltd.", "M1", "7", "1.0")


def test_of_an_instrument_whose_dialect_is_named_what_is_not_told_stays_empty() -> None:
    assert lenient_identity("ACME POWER METER") == Identity("ACME POWER METER", "", "", "")
    assert lenient_identity("ACME,9000,7") == Identity("ACME", "9000", "7", "")
    assert lenient_identity("ACME,9000,7,1,2") == Identity("ACME", "9000", "7", "1,2")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("YOKOGAWA WT310E", "wt310e"),
        ("yokogawa wt310eh", "wt310e"),
        ("WT310E", "wt310e"),
        ("R&S HMC8015", "hmc8015"),
        ("Rohde & Schwarz HMC8015", "hmc8015"),
        ("hmc8015", "hmc8015"),
    ],
)
def test_a_rig_file_names_a_model_with_or_without_its_maker(words: str, meant: str) -> None:
    assert METERS.meant(words) is METERS.get(meant)


@pytest.mark.parametrize("words", ["ACME WT310E", "WT310", "YOKOGAWA", "", "YOKOGAWA WT310E-17"])
def test_a_rig_file_that_names_another_model_means_none(words: str) -> None:
    assert METERS.meant(words) is None


MODELS = Models("ACME Instruments", ("PM9000", "PM9000-A"), ("ACME",))
blanks = st.text(" ", max_size=3)


@given(
    st.sampled_from(["ACME Instruments", "ACME", "acme instruments Ltd.", "ACME Instruments Inc."]),
    st.sampled_from(["PM9000", "PM9000-A", "pm9000a", "PM 9000"]),
    st.lists(blanks, min_size=8, max_size=8),
    st.lists(st.text("0123456789.-", min_size=1, max_size=6), max_size=3),
)
def test_blanks_case_legal_form_and_further_fields_change_nothing(
    maker: str, model: str, around: list[str], more: list[str]
) -> None:
    fields = [maker, model, "S1", "1.0", *more]
    reply = ",".join(f"{blank}{field}{blank}" for field, blank in zip(fields, around, strict=False))

    identity = parse_identity(reply)

    assert identity is not None
    assert MODELS.serve(identity)
    assert identity.serial == "S1"
    assert MODELS.mean(f"{maker} {model}")


@given(st.text(max_size=40))
def test_no_reply_breaks_the_reading_of_an_identity(reply: str) -> None:
    identity = parse_identity(reply)

    assert identity is None or (identity.manufacturer and identity.model)
    assert lenient_identity(reply) is not None


@given(st.text("PM9000-A", min_size=1, max_size=9))
def test_a_model_is_served_only_if_it_is_one_of_those_named(model: str) -> None:
    plain = model.replace("-", "")

    assert MODELS.serve(Identity("ACME", model, "", "")) == (plain in {"PM9000", "PM9000A"})

"""pyvisa-shell and the maker's own client of the HMC8015 talk to a standing virtual bench."""

from __future__ import annotations

from hil.tests.acceptance.foreign import VisaClients


def test_pyvisa_shell_asks_sets_and_reads_the_error_queue(visa_clients: VisaClients) -> None:
    shell = visa_clients.shell

    assert shell.returncode == 0, shell.stderr
    assert "Response: Rohde&Schwarz,HMC8015" in shell.stdout
    assert "Response: URMS,IRMS,P" in shell.stdout
    assert 'Response: 0,"No error"' in shell.stdout


def test_the_makers_own_client_resets_waits_sets_and_finds_its_mistake_out(visa_clients: VisaClients) -> None:
    assert len(visa_clients.driver) == 2
    for way, (identity, functions, mistake) in visa_clients.driver.items():
        assert identity.startswith("Rohde&Schwarz,HMC8015"), way
        assert functions == "URMS,IRMS,P,WH", way
        assert '-113,"Undefined header' in mistake, way

"""A program with one module read from another file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_program_gets_the_patched_module_and_all_others_as_they_are(tmp_path: Path) -> None:
    patched = tmp_path / "units.py"
    patched.write_text((ROOT / "hil/units.py").read_text() + "\nPATCHED = True\n")
    program = tmp_path / "look.py"
    program.write_text(
        "import sys\nfrom hil import errors, units\n"
        "print(getattr(units, 'PATCHED', False), units.__name__, errors.__file__, sys.argv)\n"
    )
    command = [sys.executable, "-m", "hil.qualify.patched_module", f"hil.units={patched}", "look", "a", "b"]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": f"{ROOT}:{tmp_path}"}, cwd=tmp_path
    )
    assert told.stdout.split(" ", 3)[:3] == ["True", "hil.units", str(ROOT / "hil/errors.py")]
    assert told.stdout.strip().endswith("'a', 'b']")


def test_pytest_which_rewrites_the_modules_of_its_plug_ins_gets_the_patched_module_too(tmp_path: Path) -> None:
    patched = tmp_path / "units.py"
    patched.write_text((ROOT / "hil/units.py").read_text() + "\nPATCHED = True\n")
    (tmp_path / "test_it.py").write_text("from hil import units\n\n\ndef test_it():\n    assert units.PATCHED\n")
    command = [sys.executable, "-m", "hil.qualify.patched_module", f"hil.units={patched}", "pytest", "-q", "test_it.py"]
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}, cwd=tmp_path
    )
    assert told.returncode == 0, told.stdout


def test_the_hook_itself_imports_nothing_that_could_be_patched() -> None:
    code = "import sys; sys.argv = ['x', 'm=f', 'json']; import hil.qualify.patched_module; print(sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = [name for name in eval(told.stdout) if name.startswith("hil")]  # noqa: S307 - our own output
    assert loaded == ["hil", "hil.qualify", "hil.qualify.patched_module"]

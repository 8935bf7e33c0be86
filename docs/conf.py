"""How Sphinx builds these pages (`make docs`): MyST for Markdown, furo for the look, autodoc for the API."""

from __future__ import annotations

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hil import __version__  # noqa: E402 - this checkout's, not an installed one

project = "micropay-hil"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
exclude_patterns = ["_build", "**/.pytest_cache", "examples/*/reports"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = "micropay-hil"

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autosummary_generate = True
autosummary_ignore_module_all = False

# two classes of one name in an annotation: the link is to one of them, the text is right
suppress_warnings = ["ref.python"]

# diagrams of the protocol stand as text here; who reads SPEC.md on a forge sees them drawn
lexers["mermaid"] = TextLexer()

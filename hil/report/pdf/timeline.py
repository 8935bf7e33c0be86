"""The timeline of a scenario as a picture for paper: the drawing of the HTML report with colours of its own."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from hil.report.scenario.timeline_data import Timeline
from hil.report.scenario.timeline_drawing import draw
from hil.report.text_format import instant, printed

_STYLE = """
text { font-family: 'Libertinus Serif'; font-size: 12px; fill: #566173; }
.lane-name, .left { text-anchor: end; } .time, .axis-title { text-anchor: middle; }
.power { fill: #1f4e9c; } .credit { fill: #8a5a00; }
.lane { stroke: #e3e7ec; } .grid { stroke: #eef0f3; } .frame, .tick { stroke: #9aa5b3; }
.closed { fill: #b9c6d8; } .edge { stroke: #1b2430; stroke-width: 1.2; }
.curve { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
.curve.power { fill: none; stroke: #1f4e9c; } .curve.credit { fill: none; stroke: #8a5a00; stroke-dasharray: 5 3; }
.through { stroke-width: 1; stroke-dasharray: 2 3; }
.through.refused { stroke: #b3261e; } .through.fault { stroke: #7a3b9c; } .through.off { stroke: #1b2430; }
.mark.accepted path { fill: #1c6b3a; } .mark.refused path { fill: none; stroke: #b3261e; stroke-width: 2; }
.mark.ledger path, .mark.load path { fill: #566173; } .mark.fault path, .mark.link path { fill: #7a3b9c; }
.mark.off path { fill: #ffffff; stroke: #1b2430; stroke-width: 1.3; }
"""


def picture_of(timeline: Timeline, name: str) -> str:
    """Return the picture of a timeline as an SVG document."""
    picture = _template().render(d=draw(timeline), name=name)
    start, _, rest = picture.partition(">")
    namespace = ' xmlns="http://www.w3.org/2000/svg"'
    return f"{start}{namespace}><style>{_STYLE}</style>{rest}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("hil.report"), autoescape=True, undefined=StrictUndefined, finalize=_finalize
    )
    environment.filters["instant"] = instant
    return environment.get_template("timeline.svg.j2")


def _finalize(value: object) -> object:
    return printed(value) if type(value) is str else value

"""A real browser that looks at the page of a study; collected only where ``chromium`` and ``npm`` are."""

from __future__ import annotations

from hil.tests.report.browser import conftest

collect_ignore_glob = conftest.collect_ignore_glob
axe, browser, open_page = conftest.axe, conftest.browser, conftest.open_page

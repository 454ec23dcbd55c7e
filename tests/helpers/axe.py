"""axe-core, which finds what keeps people out who do not see, or do not use a mouse."""

from __future__ import annotations

import pytest

from helpers.browser import Tab


def serious(tab: Tab) -> list[str]:
    """What axe-core finds serious or critical on a page as it stands: rule, and the places."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core here")
    found = axe.Axe().run(tab.page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]

"""What the tests of rendered people share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def body():
    pytest.importorskip("anny")
    from tools.render.body import Body

    return Body()

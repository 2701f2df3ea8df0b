"""No process is started here, so none has to be ended."""

import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    place = tmp_path / "home"
    monkeypatch.setenv("HPTUI_HOME", str(place))
    return place

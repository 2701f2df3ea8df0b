"""Screens know each other by name only: what a route names exists, takes what it is given, and may fail alone."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from hptui.tui import routes
from hptui.tui.routes import ROUTES, Route, preloaded_modules
from hptui.tui.screens.studies import StudiesScreen
from hptui.tui.screens.study import StudyScreen
from tests.operations.made import make
from tests.test_layers import imports, name_of
from tests.tui.walk import walking

TUI = Path(routes.__file__).parent
SCREENS = sorted(path for path in (TUI / "screens").glob("*.py") if path.name != "__init__.py")
SHARED = {"screen", "dialogs", "source_screen", "steering", "chart_panel", "trial_facts"}
SHARED |= {"compare_rows", "filter_line", "saved_filters", "study_filter", "study_panels"}
"""Modules of `screens` that are no screens: those that screens may import."""


def imported_screens(path: Path) -> set[str]:
    """Modules of `screens` that a file imports, anywhere in it."""
    prefix = "hptui.tui.screens."
    return {name.removeprefix(prefix).split(".")[0] for name in imports(path) if name.startswith(prefix)}


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.stem)
def test_a_screen_imports_no_other_screen(path):
    assert imported_screens(path) <= SHARED


def test_nothing_imports_a_screen_but_by_its_route():
    users = {path.stem for path in TUI.rglob("*.py") if path not in SCREENS and imported_screens(path)}
    assert users == set()


def test_nothing_but_the_start_imports_the_application():
    users = {path.stem for path in TUI.rglob("*.py") if any(name.startswith("hptui.tui.app") for name in imports(path))}
    assert users == {"open"}


def test_every_screen_has_a_route_and_is_imported_ahead():
    modules = {name_of(path) for path in SCREENS if path.stem not in SHARED}
    assert {route.module for route in ROUTES.values()} == modules
    assert modules <= set(preloaded_modules())


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_names_what_exists(name):
    assert callable(ROUTES[name].load())
    assert ROUTES[name].title


def opened() -> list[tuple[str, str, set[str]]]:
    """Every call of `open` on a host: where, the route, the names of its arguments."""
    calls = []
    for path in sorted(TUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "open"):
                continue
            owner = ast.unparse(node.func.value)
            if owner in ("host_of(self)", "host") or (owner == "self" and path.stem == "app"):
                [route] = node.args
                assert isinstance(route, ast.Constant), f"{path}:{node.lineno}: the route is not written out"
                names = {str(keyword.arg) for keyword in node.keywords}
                calls.append((f"{path.stem}:{node.lineno}", str(route.value), names))
    return calls


def test_what_is_opened_takes_what_it_is_given():
    calls = opened()
    assert len(calls) > 15
    for place, name, names in calls:
        target = ROUTES[name].load()
        names -= {"replace"}
        host, given = ((), names - {"then"}) if inspect.isclass(target) else ((None,), names)
        try:
            inspect.signature(target).bind(*host, **dict.fromkeys(given))
        except TypeError as error:
            pytest.fail(f"{place} opens {name!r} with {sorted(given)}: {error}")
    assert {name for _, name, _ in calls} == set(ROUTES)


async def test_a_screen_that_cannot_be_imported_is_named_and_the_others_stay(home, tmp_path, monkeypatch):
    sd = make(home)
    (tmp_path / "torn_screen.py").write_text("this is no Python")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        routes, "ROUTES", {**ROUTES, "health": Route("torn_screen:HealthScreen", "Health of the trials")}
    )
    async with walking(home, study=sd) as walk:
        await walk.until("★3")
        await walk.press("d")
        await walk.until("Health of the trials cannot be opened: SyntaxError")
        assert isinstance(walk.app.screen, StudyScreen)
        await walk.press("escape")
        await walk.until(lambda: isinstance(walk.app.screen, StudiesScreen))

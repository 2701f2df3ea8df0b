"""The registry: built-in names without an import, `"module:Object"`, what is handed on to authors of plug-ins."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import hptui.plugins
from hptui import plugins
from hptui.core.errors import Unsupported, UserError
from hptui.core.plugin_specs import SPEC_TYPES
from hptui.operations.plugins import HEAVY_LIBRARIES
from hptui.plugins import HANDED_ON, SamplerSpec

PACKAGE = Path(hptui.plugins.__file__).parent


@pytest.mark.parametrize("group", plugins.GROUPS)
def test_every_built_in_name_has_a_spec_of_its_group(group):
    for name in plugins.names(group):
        spec = plugins.spec(group, name)
        assert type(spec) is SPEC_TYPES[group]
        assert spec.name == name


@pytest.mark.process
@pytest.mark.parametrize(
    "what",
    [
        "[plugins.names(group) for group in plugins.GROUPS]",
        *(f"[plugins.spec({group!r}, name) for name in plugins.names({group!r})]" for group in plugins.GROUPS),
    ],
)
def test_specs_import_nothing_heavy_and_scan_nothing(what):
    heavy = (*HEAVY_LIBRARIES, "tomlkit", "importlib.metadata", "textual")
    program = f"import json, sys\nfrom hptui import plugins\n{what}\n"
    program += f"print(json.dumps([name for name in {heavy} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_names_that_are_handed_on_are_those_that_are_promised_and_typed():
    assert {*plugins.__all__} >= HANDED_ON.keys()
    assert len(plugins.__all__) == len({*plugins.__all__})
    for name in plugins.__all__:
        assert getattr(plugins, name) is not None
    tree = ast.parse((PACKAGE / "plugins.py").read_text())
    [typed] = [node for node in tree.body if isinstance(node, ast.If) and not isinstance(node.body[0], ast.FunctionDef)]
    imported = {
        alias.asname or alias.name: node.module
        for node in typed.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {name: place.partition(":")[0] for name, place in HANDED_ON.items()} == {
        name: module for name, module in imported.items() if name != "EntryPoint"
    }
    with pytest.raises(AttributeError, match="nonsense"):
        plugins.nonsense  # noqa: B018


def test_our_own_rooms_do_not_take_what_is_handed_on():
    """They import it from where it is: through this door a room would reach what its row forbids."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "hptui.plugins" and "testing" not in path.parts:
                assert not {alias.name for alias in node.names} & HANDED_ON.keys(), path


def test_a_spec_next_to_the_study_file(tmp_path):
    text = "from hptui.plugins import SamplerSpec\nSPEC = SamplerSpec('near', '', engine='near_by:Engine')\n"
    (tmp_path / "near_by.py").write_text(f"{text}class Engine: pass\n")
    for name in ("near_by:SPEC", "near_by.py:SPEC"):
        assert plugins.spec("samplers", name, str(tmp_path)).name == "near"
        assert plugins.load("samplers", name, "engine", str(tmp_path)).__name__ == "Engine"
        place, version = plugins.origin("samplers", name, str(tmp_path))
        assert (place, len(version)) == (name, 16)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("nowhere:SPEC", UserError, "there is no module 'nowhere' for the sampler"),
        ("json:dump", UserError, "is no sampler: it is of the class function"),
        ("json:dumb", UserError, "did you mean 'dump'"),
        ("torn:SPEC", Unsupported, "'torn:SPEC' cannot be loaded: SyntaxError"),
        ("leaves:SPEC", Unsupported, "'leaves:SPEC' cannot be loaded: SystemExit: 3"),
        (
            "needy:SPEC",
            Unsupported,
            "'needy:SPEC' cannot be loaded: ModuleNotFoundError: No module",
        ),
        ("newer:SPEC", Unsupported, "is made for version 99 of hptui's plug-ins, and this hptui has 1"),
        ("tpee", UserError, "did you mean 'tpe'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, error, message):
    (tmp_path / "torn.py").write_text("def (")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
    (tmp_path / "needy.py").write_text("import nobody_has_this")
    newer = "from hptui.plugins import SamplerSpec\nSPEC = SamplerSpec('new', '', engine='x:Y', api=99)\n"
    (tmp_path / "newer.py").write_text(newer)
    with pytest.raises(error) as raised:
        plugins.spec("samplers", name, str(tmp_path))
    assert message in str(raised.value)


def test_the_part_behind_a_spec_that_cannot_be_loaded(tmp_path):
    text = "from hptui.plugins import SamplerSpec\nSPEC = SamplerSpec('half', '', engine='half_there:Engine')\n"
    (tmp_path / "half.py").write_text(text)
    assert isinstance(plugins.spec("samplers", "half:SPEC", str(tmp_path)), SamplerSpec)
    with pytest.raises(Unsupported, match="sampler 'half:SPEC' cannot be loaded: ModuleNotFoundError"):
        plugins.load("samplers", "half:SPEC", "engine", str(tmp_path))

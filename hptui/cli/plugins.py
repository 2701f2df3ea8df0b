"""`hptui plugins`: what is built in or installed, what is broken, and how fast a plug-in loads."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import cast

import click

from hptui import plugins
from hptui.cli.common import json_option
from hptui.cli.output import OutputColumn, message, write_facts, write_json, write_rows
from hptui.core.plugin_specs import Group


@click.command(
    "plugins",
    help="""List samplers, pruners, trainers, readers of metrics, exporters, report sections, executors, screens and
    verbs: the built-in ones, and those that installed packages add.

    The exit code is 1 if one cannot be loaded.
    """,
)
@click.argument("group", required=False, type=click.Choice(plugins.GROUPS))
@click.option("--check", "name", metavar="NAME", help="Load this one, and say how long its spec takes.")
@json_option
def plugins_(group: str | None, name: str | None, as_json: bool) -> int:
    """List plug-ins, or check one; return the exit code."""
    if name is not None:
        return _check(name, cast("Group | None", group), as_json=as_json)
    rows = [plugin for plugin in plugins.list_plugins() if group in (None, plugin.kind)]
    if as_json:
        write_json([asdict(plugin) for plugin in rows])
    else:
        columns = [OutputColumn("kind", "Kind"), OutputColumn("name", "Name"), OutputColumn("package", "From")]
        columns += [OutputColumn("version", "Version"), OutputColumn("state", "State")]
        write_rows(columns, [{**asdict(plugin), "package": plugin.distribution} for plugin in rows])
    broken = [plugin for plugin in rows if plugin.state == "broken"]
    for plugin in broken:
        message(f"{plugin.distribution} {plugin.version}: {plugin.error}")
    return 1 if broken else 0


def _check(name: str, group: Group | None, *, as_json: bool) -> int:
    from hptui.operations.plugins import MAX_SPEC_MS, check_plugin

    checks = check_plugin(name, group, os.getcwd())
    if as_json:
        write_json([{**asdict(check), "ok": check.ok} for check in checks])
        return 0 if all(check.ok for check in checks) else 1
    for check in checks:
        parts = [f"{part}: {error or 'loads'}" for part, error in check.parts.items()]
        fields = {
            "Kind": check.kind,
            "Name": check.name,
            "From": f"{check.distribution} {check.version}".strip(),
            "Spec": check.error or f"{check.spec_ms:g} ms of processor time (at most {MAX_SPEC_MS:g})",
            "Imports": f"{', '.join(check.heavy)}: too much for a spec" if check.heavy else "nothing heavy",
            "Parts": ", ".join(parts) or "none",
            "State": "fine" if check.ok else "not fine",
        }
        write_facts(fields)
    return 0 if all(check.ok for check in checks) else 1

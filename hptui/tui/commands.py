"""The command palette: everything that a key does here, by its name."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from hptui.tui.keys import Key, by_id, shown


class KeyCommands(Provider):
    """Keys that work in the focused pane, its screen, and everywhere."""

    def _found(self) -> list[tuple[str, Key, object]]:
        known, found = by_id(), {}
        for key, active in self.screen.active_bindings.items():
            entry = known.get(active.binding.id or "")
            if entry is not None and active.enabled and entry.group != "Move" and entry.id not in found:
                found[entry.id] = (shown(key), entry, active.node)
        return list(found.values())

    async def discover(self) -> Hits:
        for key, entry, node in self._found():
            yield DiscoveryHit(self._name(key, entry), partial(self._run, entry, node), help=entry.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for key, entry, node in self._found():
            name = self._name(key, entry)
            score = matcher.match(f"{name} {entry.help}")
            if score > 0:
                yield Hit(score, matcher.highlight(name), partial(self._run, entry, node), help=entry.help)

    @staticmethod
    def _name(key: str, entry: Key) -> str:
        return f"{entry.label.removesuffix('…')}  ({key})"

    async def _run(self, entry: Key, node: object) -> None:
        await self.app.run_action(entry.action, node)  # type: ignore[arg-type]  # the node that binds the key

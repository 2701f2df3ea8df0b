"""The command palette, and its entries: the keys that work now, found by what they do."""

from __future__ import annotations

from functools import partial

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input

from hptui.tui.keys import KeyBinding, all_keys_by_id, key_text


class KeyPalette(CommandPalette):
    """The command palette. Its cursor does not blink: a blinking one is sent twice a second over a slow line."""

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False


class KeyCommands(Provider):
    """Palette entries of the keys that work in the focused pane, in its screen, and everywhere."""

    def _entries(self) -> list[tuple[str, KeyBinding, object]]:
        keys_by_id, entries = all_keys_by_id(), {}
        is_ascii = self.app.has_class("-ascii")
        for key, active in self.screen.active_bindings.items():
            entry = keys_by_id.get(active.binding.id or "")
            if entry is not None and active.enabled and entry.group != "Move" and entry.id not in entries:
                entries[entry.id] = (key_text(key, ascii=is_ascii), entry, active.node)
        return list(entries.values())

    async def discover(self) -> Hits:
        """Yield all entries, for an empty search."""
        for key, entry, node in self._entries():
            yield DiscoveryHit(self._title(key, entry), partial(self._run, entry, node), help=entry.help)

    async def search(self, query: str) -> Hits:
        """Yield the entries that match `query`, with their scores."""
        matcher = self.matcher(query)
        for key, entry, node in self._entries():
            name = self._title(key, entry)
            score = matcher.match(f"{name} {entry.help}")
            if score > 0:
                yield Hit(score, matcher.highlight(name), partial(self._run, entry, node), help=entry.help)

    @staticmethod
    def _title(key: str, entry: KeyBinding) -> str:
        return f"{entry.label.removesuffix('…')}  ({key})"

    async def _run(self, entry: KeyBinding, node: object) -> None:
        await self.app.run_action(entry.action, node)  # type: ignore[arg-type]  # the node that binds the key

"""The colours of trials: the same in the table, in every chart and in comparisons. No Textual in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hptui.tui.themes import N_SERIES_COLOURS


class TrialPalette:
    """The colours of a study's trials, shared by its screens.

    A trial keeps its colour for as long as it is shown, whatever other trials come and go, and gets the same one again
    when it is shown later, unless another trial has it by then.
    """

    def __init__(self) -> None:
        self._shown: dict[int, int] = {}
        self._earlier: dict[int, int] = {}

    def assign(self, numbers: Sequence[int]) -> Mapping[int, int]:
        """Return the index of the colour of each of the first trials; there are as many as colours."""
        coloured = list(numbers[:N_SERIES_COLOURS])
        shown = {number: slot for number, slot in self._shown.items() if number in coloured}
        for number in coloured:
            if number not in shown:
                taken = set(shown.values())
                wanted = (self._earlier.get(number), number % N_SERIES_COLOURS, *range(N_SERIES_COLOURS))
                shown[number] = next(slot for slot in wanted if slot is not None and slot not in taken)
        self._shown = shown
        self._earlier |= shown
        return shown

    def colour_of(self, number: int) -> int | None:
        """Return the index of the colour of a trial that is shown; None for another one."""
        return self._shown.get(number)

"""A plot of a study, drawn in the feed's thread: going through 10,000 trials takes a while."""

from __future__ import annotations

from dataclasses import dataclass

from hptui.results.view import View
from hptui.tui.insights.picture import Insight
from hptui.tui.insights.views import VIEWS, Wish
from hptui.tui.sources.pool import Pool
from hptui.tui.sources.study import StudySource


@dataclass(frozen=True, slots=True)
class Wanted:
    """A requested plot: its name in `PLOTS`, and its options."""

    name: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn plot, with the request that it answers."""

    wanted: Wanted
    insight: Insight


class InsightSource:
    """Draws the plot named in `want`, which any thread may set; again when the study has changed."""

    def __init__(self, study: StudySource) -> None:
        self.study = study
        self.want: Wanted | None = None
        self._latest: Picture | None = None
        self._last_request: Wanted | None = None
        self._last_view: View | None = None

    @property
    def latest(self) -> Picture | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: Pool) -> Picture | None:
        """Draw the requested plot if the request or the study has changed, else return None."""
        study, want = self.study.latest, self.want
        if study is None or want is None:
            return None
        if self._last_request == want and self._last_view is study.view:
            return None
        self._last_request, self._last_view = want, study.view
        self._latest = Picture(want, VIEWS[want.name](study.view, want.wish))
        return self._latest

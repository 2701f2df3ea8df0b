"""A picture of what a study has found, drawn in the feed's thread: ten thousand trials take a while to go through."""

from __future__ import annotations

from dataclasses import dataclass

from hptui.results.view import View
from hptui.tui.insights.picture import Insight
from hptui.tui.insights.views import VIEWS, Wish
from hptui.tui.sources.pool import Pool
from hptui.tui.sources.study import StudySource


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture by its name in `VIEWS`, and what it is to be of."""

    name: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was wanted."""

    wanted: Wanted
    insight: Insight


class InsightSource:
    """Draws what is named in `want`, which any thread may set; anew when the study has changed."""

    def __init__(self, study: StudySource) -> None:
        self.study = study
        self.want: Wanted | None = None
        self._latest: Picture | None = None
        self._tried: Wanted | None = None
        self._drawn: View | None = None

    @property
    def latest(self) -> Picture | None:
        return self._latest

    def poll(self, pool: Pool) -> Picture | None:
        study, want = self.study.latest, self.want
        if study is None or want is None:
            return None
        if self._tried == want and self._drawn is study.view:
            return None
        self._tried, self._drawn = want, study.view
        self._latest = Picture(want, VIEWS[want.name](study.view, want.wish))
        return self._latest

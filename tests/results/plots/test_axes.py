"""Axes say of which stage their range is, where a study has stages with ranges of their own."""

from hypothesis import given
from hypothesis import strategies as st

from hptui.results.facts import plain_text
from hptui.results.plots.axes import SettingAxis, axis_notes
from hptui.results.plots.context import PlotContext
from tests.results.examples import STUDY
from tests.results.kit import view_of
from tests.results.seeds import one

RANGES = {"coarse": (0.0, 1.0), "fine": (0.4, 0.6)}
STAGED = STUDY.replace(
    "[search]",
    "".join(
        f'[[stage]]\nname = "{name}"\ntrials = 9\nspace.a = "{low}..{high}"\n' for name, (low, high) in RANGES.items()
    )
    + "[search]",
)


@given(st.sampled_from(sorted(RANGES)), st.lists(st.sampled_from([0.1, 0.45, 0.55, 0.9]), min_size=1, max_size=6))
def test_trials_lie_outside_the_range_of_the_stage_that_is_named(best, coarse):
    values = [("coarse", a) for a in coarse] + [("fine", 0.5)]
    trials = [
        one(n, {"a": a, "b": 4}, {"val_loss": 0.1 * n if stage == best else 2.0 + n}, stage=stage)
        for n, (stage, a) in enumerate(values)
    ]
    context = PlotContext(view_of(trials, STAGED), None)
    axis = SettingAxis(context, "a", trials)
    low, high = RANGES[best]
    outside = sum(not low <= a <= high for _, a in values)
    notes = [plain_text(note) for note in axis_notes("slices", [axis], trials)]
    assert len(notes) == (outside > 0)
    for note in notes:
        assert note.startswith(f"{outside} trial")
        assert note.endswith(f" of stage {best}")

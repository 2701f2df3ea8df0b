"""What the screens and the command line say of results is what the report says, by the same functions."""

import re
from dataclasses import replace

import pytest

from hptui.core.trial import TrialStatus
from hptui.results import claims
from hptui.results.analysis.comparable import comparable
from hptui.results.analysis.shares import importance_of
from hptui.results.diagnosis import diagnose, scatter_pools
from hptui.results.document import render_markdown
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import facts_of, plain_text
from hptui.results.fresh_means import fresh_means, whole_text
from hptui.results.plots.context import PlotContext
from hptui.results.plots.registry import PLOTS
from hptui.results.report import compose_report
from hptui.results.sections.first_screen import first_screen_lines
from hptui.results.view import View
from hptui.tui.screens.compare_rows import columns_of
from tests.results.generated import Made
from tests.results.truth import histories, record_of

SEEDS = range(40, 58)


class Told:
    """One study, and all that its report says."""

    def __init__(self, made) -> None:
        self.record = made if not isinstance(made, Made) else made.record()
        self.view: View = self.record.view
        self.facts = FactWriter(self.record)
        self.text = render_markdown(compose_report(self.record, "results")).text
        self.first = [plain_text(line) for line in first_screen_lines(self.facts)]

    def line(self, label):
        """The line of the first screen with this label."""
        return next(line.removeprefix(f"{label}: ") for line in self.first if line.startswith(label))


@pytest.fixture(scope="module")
def told():
    searched = []
    for kind, count in (("bowl", 20), ("noise", 24), ("conf", 40)):
        units, values = histories(kind)
        searched.append(Told(record_of(units[2, :count], values[2, :count])))
    return [*searched, *(Told(Made(seed)) for seed in SEEDS)]


def without_digits(text):
    """A sentence without what the report alone has: the digits of its columns, and the unit of a metric."""
    return re.sub(r"−?\d+([,.]\d+)*(e[+-]?\d+)?( ?%| points?)?", "#", text)


def test_health_says_what_the_report_says_of_a_curve(told):
    said = 0
    for one in told:
        pools = scatter_pools(one.view, one.record.curves)
        for claim in claims.curve_claims(one.facts):
            if claim.kind == "C0" and not claim.subject:
                continue
            (number,) = claim.trials
            trial = next(trial for trial in one.view.trials if trial.number == number)
            found = diagnose(one.view, trial, one.record.curves.get(number, {}), pools)
            assert without_digits(claim.sentence).endswith(f": {without_digits(found.sentence)}.")
            exact = {fact.key: fact.value for fact in facts_of(found.line)}
            assert {fact.key: fact.value for fact in claim.facts if fact.key in exact} == exact
            said += 1
    assert said > 4


def test_insights_have_the_shares_and_the_words_of_the_report(told):
    shares = words = 0
    for one in told:
        result = importance_of(one.record.effect_analysis()) if one.record.order else None
        if result is None:
            continue
        plot = PLOTS["importance"](PlotContext(one.view, known_importance=result), None) if result.shares else None
        if plot is not None:
            stated = claims.mattered(one.facts).premise
            assert {bar.meaning for bar in plot.bars} - {""} <= set(stated["matter"])
            assert result.unseen == tuple(stated["unseen"])
            for name, share in result.shares.items():
                assert f"| {share:.0%} |" in one.text, name
            shares += 1
        if result.unseen:
            words += 1
            mattered, count = one.line("Mattered").replace("`", ""), len(result.unseen)
            many = (f"not shown for {count} others", f"not shown for any of the {count} settings that varied")
            assert (result.not_shown in mattered) if count <= 3 else any(text in mattered for text in many)
    assert shares > 0
    assert words > 2


def test_comparisons_have_the_reasons_of_the_report(told):
    reasons = set()
    for one in told:
        trials = [trial for trial in one.view.trials if trial.status is TrialStatus.COMPLETE][:12]
        for column in columns_of(one.view, trials)[1:]:
            expected = comparable(one.view, trials[0], column.trial)
            assert column.problem == (expected[0].text if expected else "")
            reasons.add(column.problem)
        against = one.line("Against the baseline")
        if "not comparable" in against:
            assert any(reason and reason in against for reason in reasons | {d.text for d in _against(one)})
    assert len(reasons) > 1


def _against(one):
    return comparable(one.view, one.view.baseline, one.record.best)


def test_the_header_and_status_name_the_best_and_its_fresh_runs(told):
    named = fresh = 0
    for one in told:
        best = one.record.best
        if best is None:
            assert one.view.best is None
            continue
        assert one.view.best.number == best.number
        assert one.facts.trial(best)[0:1]
        assert plain_text(one.facts.trial(best)).lower() in one.line("Best").lower()
        named += 1
        means = fresh_means(one.view)
        own = None if means is None else means.best
        assert (own is None) == (one.record.fresh(best) is None)
        if own is not None:
            assert own.mean == one.record.fresh(best).mean
            assert [run.number for run in own.runs] == [run.number for run in one.record.fresh(best).runs]
            words = whole_text(one.view.study, own).split()
            said = f"{one.line('Best')} {one.line('Against the baseline')} {one.text}"
            assert " ".join(words[:4] if len(own.runs) > 1 else words[:3]).removesuffix(",") in said.replace("`", "")
            fresh += 1
    assert named > 8
    assert fresh > 0


def test_other_lengths_are_not_compared_on_a_screen(told):
    view = next(one.view for one in told if len(one.view.trials) > 3 and one.view.study.trainer.settings.get("steps"))
    first, *others = [trial for trial in view.trials if trial.status is TrialStatus.COMPLETE][:3]
    longer = replace(others[0], params={**others[0].params, "steps": 777}, last_step=777)
    (_, column) = columns_of(view, [first, longer])
    assert column.problem == "they trained for different lengths"

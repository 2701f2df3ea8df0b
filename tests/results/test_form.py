"""How a report is laid out: the first screen, what is folded, its length, its digits; HTML; what each number is of."""

import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from hptui.core.trial import Attempt, AttemptState, Role, Trial
from hptui.results.analysis.cost import busy_intervals, gpu_seconds, memory_by_loading, union_seconds
from hptui.results.digits import column_decimals, printed_number
from hptui.results.document import Image, render_markdown
from hptui.results.fact_index import render_with_index
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import plain_text
from hptui.results.html_report import render_html
from hptui.results.report import STYLES, compose_report
from hptui.results.report_data import ReportData
from hptui.results.sections.first_screen import first_screen_lines
from tests.results import seeds
from tests.results.generated import Made
from tests.results.kit import curve, view_of
from tests.results.seeds import one

STUDY = """
    name = "wide"
    about = "Which of eight settings\\nlowers the loss?"
    [objective]
    metric = "val_loss"
    [trainer]
    kind = "charlm"
    [space]
    learning_rate = "1e-5..1e-1 log"
    weight_decay = "0..0.3"
    warmup_steps = "0..100"
    batch_size = { choices = [8, 16, 32, 64] }
    model_dim = { choices = [16, 32, 48, 64] }
    num_layers = "1..6"
    dropout = "0..0.5"
    lr_schedule = { choices = ["constant", "cosine", "linear"] }
    [search]
    sampler = "random"
    trials = 100
"""
LABELS = ["Study", "Best", "Changed", "Against the baseline", "Sure that it is better?", "Nearly as good", "Mattered"]
LABELS += ["Went wrong", "Cost", "Next"]


def wide(count):
    """A study of eight settings with everything that makes a report long: failures, curves, a baseline."""
    die = random.Random(count)
    trials, curves = [], {}
    for number in range(count):
        params = {
            "learning_rate": 10 ** die.uniform(-5, -1),
            "weight_decay": die.uniform(0, 0.3),
            "warmup_steps": die.randint(0, 100),
            "batch_size": die.choice([8, 16, 32, 64]),
            "model_dim": die.choice([16, 32, 48, 64]),
            "num_layers": die.randint(1, 6),
            "dropout": die.uniform(0, 0.5),
            "lr_schedule": die.choice(["constant", "cosine", "linear"]),
        }
        status, reason = die.choice([("complete", "finished")] * 8 + [("failed", "oom"), ("pruned", "pruner")])
        loss = 2 + die.random()
        role = Role.BASELINE if number == 0 else Role.SEARCH
        values = {"val_loss": loss} if status == "complete" or number == 0 else None
        status, reason = ("complete", "finished") if number == 0 else (status, reason)
        more = {"peak_memory_gb": 1 + die.random(), "metrics": {"val_loss": loss, "train_loss": loss - 0.1}}
        trials.append(one(number, {} if number == 0 else params, values, status, reason, role=role, **more))
        points = [loss + 1 / (step + 1) for step in range(12)]
        curves[number] = {"val_loss": curve(*points), "train_loss": curve(*[value - 0.1 for value in points])}
    attempts = {trial.number: (attempt(trial),) for trial in trials}
    return ReportData(view_of(trials, STUDY), attempts=attempts, curves=curves)


def attempt(trial, **more):
    environment = {"gpu": "NVIDIA H100", "gpu_uuid": "GPU-1", "cpu": "a CPU", "python": "3.11.7"}
    state = AttemptState.DONE
    times = {"started": trial.started, "ended": trial.ended, "seconds": trial.seconds, "environment": environment}
    return Attempt(token=f"t{trial.number}", trial=trial.number, n=1, state=state, **{**times, **more})


def text_of(record, style="results", images=()):
    return render_markdown(compose_report(record, style, images)).text


def unfolded(text):
    """The lines outside of folds, blank ones included."""
    lines, depth = [], 0
    for line in text.split("\n"):
        depth += line == "<details>"
        if not depth:
            lines.append(line)
        depth -= line == "</details>"
    assert depth == 0
    return lines


@pytest.mark.parametrize(("count", "most"), [(8, 120), (20, 150), (100, 190)])
def test_a_report_is_as_long_as_a_person_reads(count, most):
    images = [Image(f"images/{n}.png", "a figure", ("A figure.",)) for n in range(8)]
    record = wide(count)
    lines = unfolded(text_of(record, images=images))
    assert len(lines) <= most
    assert sum(line.startswith("![") for line in lines) == 1, "one figure, the others folded"
    rows = [line for line in lines if re.match(r"\| \**\d+", line)]
    assert len(rows) >= min(count, 18), "the table of trials stands in the open"
    sparklines = [line for line in lines if line.startswith("trial ")]
    assert len(sparklines) == 8, "training and validation of the best three and of one in the middle"
    assert len({line.split()[1] for line in sparklines}) == 4


def shapes():
    """Studies of every shape: the seeds', parts of them, none at all."""
    for text, make in (
        (seeds.MATH, seeds.math_trials),
        (seeds.DIRECTOR, seeds.director_trials),
        (seeds.MEDICAL, seeds.medical_trials),
    ):
        trials = make()
        failed = one(0, {}, None, "failed", "oom")
        for some in (trials, trials[:1], trials[1:3], [], [failed], [failed, *trials[1:4]]):
            yield ReportData(view_of(some, text))


@pytest.mark.parametrize("style", STYLES)
def test_the_first_screen_has_twelve_lines_each_of_which_is_there(style):
    for record in (*shapes(), wide(20)):
        lines = text_of(record, style).split("\n")
        assert lines[0].startswith("# ")
        assert lines[12] == ""
        assert all(line.startswith("- ") and len(line) > 10 for line in lines[1:12])
        assert [re.match(r"- \*\*(.*?)\*\*", line)[1] for line in lines[2:12]] == LABELS
    about = text_of(wide(8)).split("\n")[1]
    assert about == "- “Which of eight settings lowers the loss?” (the author)"
    assert "no `about`" in text_of(ReportData(view_of([], seeds.DIRECTOR))).split("\n")[1]


def test_the_first_screen_is_the_same_without_markup():
    facts = FactWriter(wide(20))
    assert [plain_text(line).split(":")[0] for line in first_screen_lines(facts)][1:4] == LABELS[:3]


def test_one_format_of_one_configuration_and_no_command_that_runs_nothing():
    trials = [*wide(8).view.trials, one(8, {"dropout": 0.25}, {"val_loss": 3.0}, role=Role.MANUAL)]
    record = replace(wide(8), view=view_of(trials, STUDY))
    environment = {"command": "python -m hptui.trainers.worker"}
    record = replace(record, attempts={t.number: (attempt(t, environment=environment),) for t in trials})
    text = text_of(record)
    assert re.findall(r"```(\w+)", text).count("toml") == 1
    assert not re.search(r"```(yaml|json)|trainers\.worker|Command of the best", text)
    assert re.findall(r"hptui add wide (?!--repeat).*", text) == ["hptui add wide dropout=0.25  # trial 8"]


def test_the_configuration_is_a_trainer_table():
    import tomllib

    text = text_of(wide(20))
    table = tomllib.loads(text.split("```toml\n")[1].split("```")[0])["trainer"]
    best = wide(20).best
    assert table == {**table, **best.params}


# digits ---------------------------------------------------------------------------------------------------------


def test_digits_show_the_order_of_values_and_no_more():
    die = random.Random(3)
    for _ in range(300):
        base, spread = 10 ** die.uniform(-3, 5), 10 ** die.uniform(-6, 0)
        values = sorted(base * (1 + spread * die.random()) for _ in range(die.randint(2, 12)))
        decimals = column_decimals(values)
        whole = len(str(int(values[0]))) if values[0] >= 1 else 0
        assert decimals is not None
        assert decimals == 0 or decimals + whole <= 6 + 3
        gap = min(high - low for low, high in pairwise(values))
        if gap > 0.5 * 10**-decimals:
            assert len({f"{value:.{decimals}f}" for value in values}) >= len(values) - 1


@pytest.mark.parametrize(
    ("values", "decimals"),
    [([2.0, 1.985], 2), ([0.5889, 0.6217, 0.6489], 3), ([17.8, 18.2], 1), ([0.5, 0.500001], 6), ([1.0, 2.0], 0)],
)
def test_digits_of_known_columns(values, decimals):
    assert column_decimals(values) == decimals


def test_a_change_is_that_of_the_numbers_that_stand_there():
    text = seeds.DIRECTOR
    for old, new in [(2.0, 1.985), (0.6097, 0.5621), (1.0, 1.0), (2.0, 2.0000001), (0.0004, 0.0003), (1e-9, 2e-9)]:
        trials = [
            one(n, {"lora_rank": 8 * (n + 1)}, {"eval_loss": value}, role=Role.BASELINE if n == 0 else Role.SEARCH)
            for n, value in enumerate([old, new, 2.5 * old])
        ]
        facts = FactWriter(ReportData(view_of(trials, text)))
        before, after = (facts.format_value("eval_loss", value) for value in (old, new))
        change = facts.change("k", "eval_loss", old, new, trials)
        share = facts.share("k", "eval_loss", old, new, trials)
        if before == after:
            assert (change, share) == ("equal", None)
            continue
        first, second = printed_number(before), printed_number(after)
        if first is not None and second is not None:
            assert printed_number(change.text.lstrip("+")) == second - first
        assert change.text[0] == ("−" if new < old else "+")
        assert share is None or share.text[0] == change.text[0]


def test_equal_as_printed_is_never_better_and_nothing_is_per_minute():
    trials = [
        one(n, {"lora_rank": 8 * (n + 1)}, {"eval_loss": value}, seconds=100.0 * (n + 1), peak_memory_gb=4.0 * (n + 1))
        for n, value in enumerate([2.0, 1.9999999, 3.0])
    ]
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    text = text_of(ReportData(view_of(trials, seeds.DIRECTOR)))
    assert not re.search(r"[−-]0\.0 ?%|\| better|per minute|per GB|per GiB", text)


# what each number is of -----------------------------------------------------------------------------------------


def test_a_gpu_that_two_trials_share_for_an_hour_is_busy_for_an_hour():
    trial = one(0, {}, {"val_loss": 1.0}, started=1000.0, ended=4600.0, seconds=3600.0)
    other = replace(trial, number=1)
    both = [attempt(trial), attempt(other)]
    assert gpu_seconds(both) == 3600
    two = {"gpu": "A, A", "gpu_uuid": "GPU-1, GPU-2"}
    assert gpu_seconds([*both, attempt(other, started=4600.0, ended=8200.0, environment=two)]) == 3 * 3600
    assert gpu_seconds([attempt(trial, environment={"cpu": "a CPU"})]) == 0
    old = {"gpu": "A"}
    apart = [attempt(trial, environment=old, device="cuda:0"), attempt(other, environment=old, device="cuda:1")]
    assert gpu_seconds(apart) == 2 * 3600, "without a UUID the device tells GPUs apart"
    unfinished = attempt(trial, ended=None, seconds=60.0)
    assert union_seconds(busy_intervals([unfinished])) == 60
    record = ReportData(view_of([trial, other], STUDY), attempts={0: (both[0],), 1: (both[1],)})
    assert "1 x NVIDIA H100, trials ran for ~60 min, the best ended after ~60 min of that" in text_of(record)


def test_the_union_is_that_of_every_second():
    die = random.Random(7)
    for _ in range(200):
        spans = [
            (start, start + die.randint(0, 20)) for start in (die.randint(0, 60) for _ in range(die.randint(0, 9)))
        ]
        assert union_seconds(spans) == len({second for start, end in spans for second in range(start, end)})


def test_an_imported_trial_has_no_machine_of_ours():
    imported = one(0, {"lora_rank": 8}, {"eval_loss": 0.4}, role=Role.IMPORTED, seconds=0.0, started=None, ended=None)
    native = one(1, {"lora_rank": 16}, {"eval_loss": 0.5})
    record = ReportData(view_of([imported, native], seeds.DIRECTOR), attempts={1: (attempt(native),)})
    text = text_of(record)
    assert "**Machine of the best trial**: –, since it was imported and nothing is recorded of it" in text
    machine, own = text.index("Machine of the best trial"), text.index("The trials that ran here:")
    assert machine < own < text.index("**GPU**: NVIDIA H100")


def test_the_examples_are_those_that_were_used():
    trials = [one(0, {"train_samples": 640}, {"eval_loss": 0.4}, facts={"train_examples": 1690})]
    text = text_of(ReportData(view_of(trials, seeds.DIRECTOR)))
    assert "| train | 640 |" in text
    assert "1,690" not in text


def test_an_unknown_accumulation_makes_no_effective_batch():
    trials = [one(0, {"batch_size": 4}, {"eval_loss": 0.4})]
    assert "Effective batch" not in text_of(ReportData(view_of(trials, seeds.DIRECTOR)))
    known = seeds.DIRECTOR.replace("epochs = 1", "epochs = 1\n    gradient_accumulation = 8")
    assert "Effective batch size | 8 |" in text_of(ReportData(view_of([one(0, {}, {"eval_loss": 0.4})], known)))


def test_a_row_of_memory_names_a_value_never_on_or_off():
    trials = [
        one(n, {"adapter": adapter}, {"eval_loss": 0.4}, peak_memory_gb=gb)
        for n, (adapter, gb) in enumerate([("lora", 12.0), ("qlora", 7.0), ("qlora", 9.0)])
    ]
    view = view_of(trials, seeds.DIRECTOR)
    assert list(memory_by_loading(view)[1]) == ["lora", "qlora"]
    text = text_of(ReportData(view))
    assert "| qlora | 2 | 8.0 GiB |" in text
    assert not re.search(r"`?adapter`? o(n|ff)\b", text)


def test_one_of_a_unit_is_told_in_the_singular():
    text = seeds.DIRECTOR.replace("epochs = 3\n    source", "epochs = 1\n    source")
    said = text_of(ReportData(view_of(seeds.director_trials(), text)))
    assert "after 1 epoch," in said
    assert not re.search(r"\b1 (epochs|steps|trials|runs)\b", said)


def test_each_stage_has_its_line():
    from tests.results.test_report import STAGED, staged_trials

    text = text_of(ReportData(view_of(staged_trials(), STAGED)))
    lines = [line for line in text.split("\n") if line.startswith("- Stage ")]
    assert [line.split()[2].rstrip(":") for line in lines] == ["coarse", "final"]


# HTML -----------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page holds; every tag must be closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.images, self.tags = [], set(), [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids |= {given["id"]} & {given.get("id")} if "id" in given else set()
        self.links += [given["href"]] if "href" in given else []
        self.images += [given["src"]] if "src" in given else []
        if tag not in ("meta", "img", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)


@pytest.mark.parametrize("count", [8, 100])
def test_a_page_is_one_file_with_folds_figures_and_the_data_of_each_trial(count):
    record = wide(count)
    image = Image("images/loss.png", "a figure", ("A figure.",))
    document = compose_report(record, "results", [image])
    text = render_html(document, record, {"images/loss.png": b"PNG"})
    page = Page(text)
    assert page.links
    assert {link.removeprefix("#") for link in page.links} <= page.ids
    assert {f"trial-{trial.number}" for trial in record.view.trials} <= page.ids
    assert page.images == ["data:image/png;base64,UE5H"]
    assert {"details", "svg"} <= set(page.tags)
    assert not re.search(r"https?://", text), "it loads nothing"
    assert text == render_html(document, record, {"images/loss.png": b"PNG"})


def test_hostile_words_stay_words_in_a_page():
    evil = "<script>alert(1)</script>\"'&amp;<img src=x>"
    trials = [one(0, {"lora_rank": 8}, {"eval_loss": 0.4}, note=evil, title=evil, message=evil)]
    record = ReportData(view_of(trials, seeds.DIRECTOR))
    page = Page(render_html(compose_report(record), record))
    assert page.tags.count("script") == 1
    assert "img" not in page.tags


def test_the_ledger_has_each_claim_with_its_line_and_premise():
    from hptui.results.fact_index import fact_index_text
    from hptui.store.records import parse_json

    for record in (wide(20), *list(shapes())[:8]):
        document = compose_report(record)
        sheet = render_markdown(document)
        entries = parse_json(fact_index_text(document, sheet, "report.md"))["claims"]
        assert {entry["class"] for entry in entries} >= {"SU", "R1", "NX"}
        lines = [re.sub(r"[*`\\]", "", line) for line in sheet.text.split("\n")]
        for entry in entries:
            assert re.sub(r"[*`\\]", "", entry["text"]) in lines[entry["line"] - 1]
        missing = [claim for claim in document.claims if not any(e["text"] == claim.sentence for e in entries)]
        assert [claim.kind for claim in missing if claim.kind not in ("E0", "R1", "AB", "E8")] == []


def test_no_statement_compares_trials_with_each_other_value_by_value(monkeypatch):
    """Twenty thousand trials would be compared two hundred million times."""
    compared, equal = [], Trial.__eq__

    def counted(self, other):
        compared.append(self.number)
        return equal(self, other)

    record = Made(7).record()
    monkeypatch.setattr(Trial, "__eq__", counted)
    render_with_index(compose_report(record, "results"), "r.md")
    assert len(compared) <= 3 * len(record.view.trials)

"""W&B sweep files, key by key: what each becomes, and how mistakes in them are told."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from hptui import studyfile
from hptui.core.errors import StudyError, Unsupported
from hptui.core.space import Choice, Float, Int
from hptui.studyfile.wandb import convert, parse_yaml, to_toml

W_AND_B = {"preset": "exact", "lists": "python", "tables": "python", "also": "wandb"}
HEAD = "program: train.py\nmethod: {method}\nmetric: {{name: val_loss}}\n"


def sweep(text: str, method: str = "random", path: str = "/somewhere/sweep.yaml"):
    return convert(*reversed_pair(parse_yaml(HEAD.format(method=method) + text), path))


def reversed_pair(parsed, path):
    found, repaired = parsed
    return found, path, repaired


def load(tmp_path: Path, text: str, name: str = "sweep.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return studyfile.read_file(path)


def entry(form: str, method: str = "random"):
    """What one parameter becomes: a parameter of the space, or its fixed value."""
    made = sweep(f"parameters:\n  x: {form}\n  other: {{values: [1, 2]}}\n", method).document
    study = studyfile.from_json(made)
    return next((one for one in study.space.parameters if one.name == "x"), made["trainer"].get("x"))


@pytest.mark.parametrize(
    ("form", "kind", "ends"),
    [
        ("{min: 1, max: 8}", Int, (1, 8)),
        ("{min: 0, max: 0.1}", Float, (0, 0.1)),
        ("{min: 1, max: 8.0}", Float, (1, 8)),
        ("{distribution: uniform, min: 1, max: 8}", Float, (1, 8)),
        ("{distribution: int_uniform, min: 1, max: 8}", Int, (1, 8)),
        ("{distribution: log_uniform_values, min: 1e-5, max: 1e-2}", Float, (1e-5, 1e-2)),
        ("{distribution: inv_log_uniform_values, min: 1e-5, max: 1e-2}", Float, (1e-5, 1e-2)),
        ("{distribution: log_uniform, min: -2.302585093, max: 0}", Float, (0.1, 1.0)),
        ("{distribution: inv_log_uniform, min: 0, max: 2.302585093}", Float, (0.1, 1.0)),
        ("{distribution: q_uniform, min: 0, max: 1, q: 0.25}", Float, (0.0, 1.0)),
        ("{distribution: q_uniform, min: 0, max: 100, q: 5}", Int, (0, 100)),
        ("{distribution: q_log_uniform_values, min: 1, max: 64, q: 1}", Int, (1, 64)),
        ("{min: 1e-5, max: 1e-2, log: true}", Float, (1e-5, 1e-2)),
    ],
)
def test_every_range_keeps_its_kind_and_its_ends(form, kind, ends):
    found = entry(form)
    assert type(found) is kind
    assert (found.low, found.high) == pytest.approx(ends)
    assert found.log == ("log" in form)


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("{values: [a, b]}", ("a", "b")),
        ("{values: [8, 16, 32]}", (8, 16, 32)),
        ("{values: [1e-5, 1e-4]}", (1e-5, 1e-4)),
        ("{values: [[q, v], [q, k, v]]}", (["q", "v"], ["q", "k", "v"])),
        ("{values: [true, false]}", (True, False)),
    ],
)
def test_values_are_kept_as_they_are(form, values):
    assert entry(form).choices == values


def test_constants_are_settings_and_no_parameters():
    assert entry("{value: 3}") == 3
    assert entry("{distribution: constant, value: adam}") == "adam"
    assert entry("{values: [7]}") == 7
    assert entry("{min: 2, max: 2}") == 2


def test_probabilities_weigh_the_draw():
    found = entry("{values: [a, b, c], probabilities: [0.7, 0.2, 0.1]}")
    drawn = Counter(found.sample(random.Random(n)) for n in range(2000))
    assert drawn["a"] / 2000 == pytest.approx(0.7, abs=0.05)
    assert drawn["c"] / 2000 == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(
    ("form", "middle", "lowest", "highest"),
    [
        ("{distribution: normal, mu: 10, sigma: 2}", 10, 4.4, 15.6),
        ("{distribution: log_normal, mu: 0, sigma: 1}", 1, 0.06, 16.6),
        ("{distribution: beta, a: 2, b: 2}", 0.5, 0.03, 0.97),
        ("{distribution: q_normal, mu: 10, sigma: 2, q: 5}", 10, 5, 15),
        ("{mu: 10, sigma: 2}", 10, 4.4, 15.6),
    ],
)
def test_unbounded_distributions_are_their_quantiles(form, middle, lowest, highest):
    found = entry(form)
    assert isinstance(found, Choice)
    assert found.ordinal
    drawn = sorted(found.sample(random.Random(n)) for n in range(1001))
    assert drawn[500] == pytest.approx(middle, rel=0.15)
    assert found.levels[0] == pytest.approx(lowest, rel=0.15)
    assert found.levels[-1] == pytest.approx(highest, rel=0.05)
    assert len(found.describe()) < 40


def test_multiples_on_a_logarithmic_scale_are_weighed_like_it():
    found = entry("{distribution: q_log_uniform_values, min: 10, max: 1000, q: 10}")
    drawn = [found.sample(random.Random(n)) for n in range(2000)]
    assert sum(value <= 100 for value in drawn) / 2000 == pytest.approx(0.5, abs=0.06)


def test_a_grid_goes_by_name_and_leaves_out_the_upper_end_of_a_step():
    made = sweep(
        "parameters:\n  b: {distribution: q_uniform, min: 0, max: 1, q: 0.25}\n  a: {values: [x, y]}\n", "grid"
    ).document
    assert list(made["space"]) == ["a", "b"]
    assert made["space"]["b"] == {"choices": [0.0, 0.25, 0.5, 0.75]}
    assert made["search"]["sampler"] == "grid"


def test_a_grid_cannot_go_through_a_continuum():
    with pytest.raises(StudyError, match=r"parameters.x: a grid cannot go through uniform"):
        sweep("parameters:\n  x: {min: 0.0, max: 1.0}\n", "grid")


def test_nested_parameters_have_dotted_names_and_say_to_which_table_they_belong():
    made = sweep(
        "parameters:\n  opt: {parameters: {name: {values: [adam, sgd]}, mom: {value: 0.9}}}\n  flat.dot: {value: 1}\n"
    ).document
    assert list(made["space"]) == ["opt.name"]
    assert made["trainer"]["opt.mom"] == 0.9
    assert made["trainer"]["tables"] == ["opt"]


def test_numbers_that_yaml_takes_for_text_are_repaired_and_said_and_quoted_ones_are_not():
    made = sweep("parameters:\n  x: {min: 1e-5, max: 1.0e-3}\n  y: {values: ['1e-5', 2e-5]}\n")
    assert made.document["space"]["x"]["low"] == 1e-5
    assert made.document["space"]["y"]["choices"] == ["1e-5", 2e-5]
    said = [note for note in made.notes if "YAML takes for text" in note]
    assert [note.split(":")[0] for note in said] == ["line 5", "line 6"]


def test_the_exponents_of_log_uniform_are_shown_as_the_range_that_they_are():
    made = sweep("parameters:\n  learning_rate: {distribution: log_uniform, min: 0.0001, max: 0.1}\n")
    assert any("the range is 1 to 1.11" in note for note in made.notes)
    assert any("log_uniform_values takes the values themselves" in note for note in made.notes)


@pytest.mark.parametrize("env", ["${env}", "env", "/usr/bin/env"])
def test_variables_that_env_would_set_are_set(env):
    made = sweep(
        f"command: ['{env}', 'SEED=1', 'NAME={{x}}=2', python, train.py]\nparameters: {{lr: {{values: [1, 2]}}}}\n"
    )
    trainer = made.document["trainer"]
    assert trainer["command"] == ["python", "train.py"]
    assert trainer["env"] == {"SEED": "1", "NAME": "{{x}}=2"}


def test_usual_exponents_of_a_learning_rate_are_no_reason_to_warn():
    made = sweep("parameters:\n  learning_rate: {distribution: log_uniform, min: -9.21, max: -4.6}\n")
    assert any("the range is 0.0001 to 0.0101" in note for note in made.notes)
    assert not any("no usual range" in note for note in made.notes)


def test_exponents_beyond_all_numbers_are_refused():
    with pytest.raises(StudyError, match="e to the power of 1000 is no number"):
        sweep("parameters:\n  x: {distribution: log_uniform, min: 1, max: 1000}\n")


def test_a_linear_learning_rate_over_two_decades_is_warned_of():
    made = sweep("parameters:\n  learning_rate: {min: 0.0001, max: 0.01}\n")
    assert any("91 % of a random draw lies above 1e-3" in note for note in made.notes)


@pytest.mark.parametrize(
    ("macro", "style"),
    [
        ("${args}", W_AND_B),
        ("${args_no_equals}", {**W_AND_B, "separator": " "}),
        ("${args_no_hyphens}", {**W_AND_B, "prefix": ""}),
        ("${args_no_boolean_flags}", {**W_AND_B, "booleans": "flag"}),
        ("${args_append_hydra}", {**W_AND_B, "prefix": "+"}),
        ("${args_override_hydra}", {**W_AND_B, "prefix": "++"}),
    ],
)
def test_every_macro_for_arguments_has_its_style(macro, style):
    made = sweep(f"parameters: {{x: {{values: [1, 2]}}}}\ncommand: ['${{env}}', python3, '${{program}}', '{macro}']\n")
    assert made.document["trainer"]["command"] == ["python3", "train.py", "{args}"]
    assert made.document["trainer"]["style"] == style


@pytest.mark.parametrize("macro", ["args_json", "args_json_file", "args_dict"])
def test_all_parameters_in_one_word(macro):
    made = sweep(f"parameters: {{x: {{values: [1, 2]}}}}\ncommand: [python, '${{program}}', '${{{macro}}}']\n")
    assert made.document["trainer"]["command"][-1] == f"{{{macro}}}"
    assert made.document["trainer"]["style"] == "wandb"


def test_a_command_without_any_macro_for_arguments_leaves_them_to_the_config_of_wandb():
    made = sweep(
        "parameters: {x: {values: [1, 2]}}\ncommand: [python, '${program}', '--data={here}', '${envvar:A_B}']\n"
    )
    assert made.document["trainer"]["command"] == ["python", "train.py", "--data={{here}}", "{env.A_B}"]
    assert made.document["trainer"]["style"] == "wandb"


def test_a_parameter_inside_a_word():
    made = sweep("parameters: {x: {values: [1, 2]}}\ncommand: [python, '${program}', '--size=${x}']\n")
    assert made.document["trainer"]["command"][-1] == "--size={x}"


def test_parameters_that_hptui_has_another_use_for_reach_the_script_under_their_own_names():
    made = sweep(
        "parameters: {config: {value: a.yaml}, db/engine: {values: [1, 2]}, +x: {value: 3}}\n"
        "command: [python, '${program}', '--conf=${config}', '${args}']\n"
    )
    trainer = made.document["trainer"]
    assert trainer["names"] == {"its_config": "config", "db_engine": "db/engine", "_x": "+x"}
    assert (trainer["its_config"], trainer["_x"], list(made.document["space"])) == ("a.yaml", 3, ["db_engine"])
    assert trainer["command"] == ["python", "train.py", "--conf={its_config}", "{args}"]
    assert "parameters.config: is called its_config here; the script gets it under its own name" in made.notes


def test_the_program_may_be_above_the_sweep_file(tmp_path):
    (tmp_path / "train.py").touch()
    (tmp_path / "conf").mkdir()
    text = HEAD.format(method="random") + "parameters: {x: {values: [1, 2]}}\n"
    assert load(tmp_path / "conf", text).trainer.settings["workdir"] == ".."
    (tmp_path / "conf" / "train.py").touch()
    assert "workdir" not in load(tmp_path / "conf", text).trainer.settings


def test_what_toml_has_no_word_for_is_our_limit():
    for form in ("{values: [null, 1]}", "{value: null}"):
        with pytest.raises(Unsupported, match=r"parameters.x: is null.*\n?.*hptui run s.yaml"):
            to_toml(sweep(f"parameters: {{x: {form}, y: {{values: [1, 2]}}}}\n"), "s.yaml")


def test_bands_need_no_trials_to_begin_with(tmp_path):
    text = HEAD.format(method="random") + "run_cap: 3\nparameters: {x: {values: [1, 2, 3]}}\n"
    study = load(tmp_path, text + "early_terminate: {type: hyperband, min_iter: 3}\n")
    assert not [said for said in studyfile.study_warnings(study) if "prunes nothing" in said]


def test_early_termination_counts_reports():
    made = sweep("parameters: {x: {values: [1, 2]}}\nearly_terminate: {type: hyperband, min_iter: 3, strict: false}\n")
    pruner = made.document["search"]["pruner"]
    assert pruner["kind"] == "bands"
    assert pruner["bands"][:3] == [3, 9, 27]
    assert pruner["strict"] is False
    other = sweep("parameters: {x: {values: [1, 2]}}\nearly_terminate: {type: hyperband, max_iter: 27, s: 2}\n")
    assert other.document["search"]["pruner"]["bands"] == [3, 9]


def test_a_count_from_above_comes_before_one_from_below():
    both = "early_terminate: {type: hyperband, min_iter: 5, max_iter: 27, s: 2}\n"
    made = sweep("parameters: {x: {values: [1, 2]}}\n" + both)
    assert made.document["search"]["pruner"]["bands"] == [3, 9]
    assert any(note.startswith("early_terminate.min_iter") for note in made.notes)


def test_a_file_serves_both_programs_with_extras_of_our_own(tmp_path):
    study = load(
        tmp_path,
        HEAD.format(method="bayes")
        + "run_cap: 12\ndescription: why\nname: My sweep!\nparameters: {a: {values: [1, 2]}, b: {values: [1, 2]}}\n"
        + "hptui: {constraints: ['a * b <= 2'], resources: {timeout: 5m}}\n",
    )
    assert study.name == "My-sweep"
    assert (study.search.trials, study.search.sampler, study.search.baseline) == (12, "auto", False)
    assert [constraint.text for constraint in study.space.constraints] == ["a * b <= 2"]
    assert study.resources.timeout == 300
    assert study.about == "why"


def test_several_metrics_a_target_and_an_engine():
    text = "method: custom\nprogram: t.py\nscheduler: {engine: ax}\nparameters: {a: {values: [1, 2]}}\n"
    found, repaired = parse_yaml(text + "metrics: [{name: loss}, {name: acc, goal: maximize}]\n")
    made = convert(found, "s.yaml", repaired).document
    assert made["objective"] == [{"metric": "loss", "goal": "minimize"}, {"metric": "acc", "goal": "maximize"}]
    assert made["search"]["sampler"] == "ax"
    one = sweep("parameters: {a: {values: [1, 2]}}\n").document
    assert "until" not in one["search"]


def test_metric_names_with_slashes_spaces_and_brackets(tmp_path):
    for name in ("eval/loss", "eval loss", "loss[0]"):
        study = load(
            tmp_path,
            f"program: t.py\nmethod: random\nmetric: {{name: '{name}'}}\nparameters: {{a: {{values: [1, 2]}}}}\n",
        )
        assert study.objective.metric == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters: {x: {vaules: [1]}}", r"parameters.x.vaules: unknown key 'vaules'\n  did you mean 'values'"),
        ("parameters: {x: {min: 1}}", r"parameters.x.max: missing"),
        ("parameters: {x: {min: 3.0, max: 1.0}}", r"parameters.x.min: min <= max must hold"),
        ("parameters: {x: {min: '1', max: 2}}", r"parameters.x.min: must be a number"),
        ("parameters: {x: 3}", r"parameters.x: must be a table, got 3\n  write x: { value: 3 }"),
        ("parameters: {x: {distribution: loguniform, min: 1, max: 2}}", "unknown distribution"),
        ("parameters: {x: {values: [1, 2], probabilities: [1, 1]}}", "must add up to 1"),
        ("parameters: {}", "must be a table of parameters"),
        ("parameters: {x: {values: [1, 2]}}\nmetod: grid", r"unknown key 'metod'\n  did you mean 'method'"),
        ("parameters: {x: {values: [1, 2]}}\nrun_cap: none", "run_cap: must be a whole number"),
        (
            "parameters: {x: {values: [1, 2]}}\ncommand: [python, '${progam}']",
            r"there is no macro \$\{progam\}\n  did you mean 'program'",
        ),
        ("parameters: {x: {values: [1, 2]}}\ncommand: [python, 'a${args}']", "stands for several words"),
        ("parameters: {'a=b': {value: 1}, x: {values: [1, 2]}}", "'a=b' is no name of a parameter"),
        ("parameters: {x: {values: [1, 2]}}\nearly_terminate: {type: hyperband}", "needs either min_iter"),
        ("parameters: {x: {values: [1, 2]}}\nhptui: {constraint: []}", "did you mean 'constraints'"),
    ],
)
def test_mistakes_name_their_place_and_the_nearest_right_word(text, said):
    with pytest.raises(StudyError, match=said):
        sweep(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("method: grids\nprogram: a.py\nmetric: {name: a}\nparameters: {x: {value: 1}}", "did you mean 'grid'"),
        ("method: grid\nprogram: a.py\nmetric: {name: a, goal: minimise}\nparameters: {x: {value: 1}}", "'minimize'"),
        ("method: bayes\nprogram: a.py\nparameters: {x: {value: 1}}", "metric: missing"),
        ("method: grid\nmetric: {name: a}\nparameters: {x: {value: 1}}", r"program: missing"),
        ("- a\n- b", "is no sweep file"),
        ("a: [1\n", "is not YAML: line 2"),
        ("a: !!python/object/apply:os.system [ls]\n", "is not YAML"),
    ],
)
def test_files_that_are_none(text, said):
    with pytest.raises(StudyError, match=said):
        convert(*reversed_pair(parse_yaml(text), "sweep.yaml"))


@pytest.mark.parametrize("place", ["", "  ", "      "])
def test_of_a_key_that_stands_twice_the_last_counts_with_a_note(place):
    tops = "method: random\nprogram: a.py\nmetric: {name: loss}\n"
    lines = {"": "method: grid\n", "  ": "  goal: maximize\n", "      ": "    values: [3]\n"}
    parameters = "parameters:\n  x:\n    values: [1, 2]\n"
    text = tops.replace("{name: loss}", "\n  name: loss\n  goal: minimize\n") + parameters
    at = {"": "metric", "  ": "parameters", "      ": None}[place]
    text = text.replace(f"{at}:", f"{lines[place]}{at}:", 1) if at else text + lines[place]
    converted = convert(*reversed_pair(parse_yaml(text), "sweep.yaml"))
    document = converted.document
    assert (document["search"]["sampler"] == "grid") is (place == "")
    assert (document["objective"]["goal"] == "maximize") is (place == "  ")
    assert (document["trainer"].get("x") == 3) is (place == "      ")
    assert [note for note in converted.notes if "twice" in note] == [
        f"line {text[: text.index(lines[place])].count(chr(10)) + 1}: "
        f"{lines[place].split(':')[0].strip()!r} stands in its table twice, and this last one counts"
    ]


def test_too_fine_a_step_is_our_limit():
    with pytest.raises(Unsupported, match="too many"):
        entry("{distribution: q_log_uniform_values, min: 1, max: 1000000, q: 2}")


def test_what_is_wrong_with_the_study_is_told_in_words_of_the_sweep(tmp_path):
    with pytest.raises(StudyError, match=r"parameters.x.values"):
        load(tmp_path, HEAD.format(method="random") + "parameters: {x: {values: [.nan, 1]}, y: {values: [1, 2]}}\n")


def test_the_toml_says_the_same(tmp_path):
    text = HEAD.format(method="random") + (
        "run_cap: 5\nparameters:\n  lr: {min: 1e-5, max: 1e-2, log: true}\n  n: {distribution: normal}\n"
        "  c: {values: [a, b], probabilities: [0.9, 0.1]}\n  opt: {parameters: {mom: {min: 0.0, max: 0.9}}}\n"
        "  fixed: {value: 3}\n"
    )
    study = load(tmp_path, text)
    found, repaired = parse_yaml(text)
    again = tmp_path / "again.toml"
    again.write_text(to_toml(convert(found, str(tmp_path / "sweep.yaml"), repaired), "sweep.yaml"))
    written = studyfile.read_file(again)
    assert written.space == study.space
    assert (written.trainer, written.search, written.objectives) == (study.trainer, study.search, study.objectives)
    assert "# parameters.lr: log: true is understood" in again.read_text()


def test_what_was_understood_otherwise_is_said(tmp_path):
    study = load(tmp_path, HEAD.format(method="bayes") + "entity: me\nparameters: {x: {min: 1e-4, max: 1e-2}}\n")
    said = studyfile.study_warnings(study)
    assert any("entity" in text for text in said)
    assert sum("linear scale" in text for text in said) == 1

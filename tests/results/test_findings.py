"""What a statistician found in forty reports, and the test that would find it again."""

from importlib import import_module

import pytest

FINDINGS = {
    "1 inert settings have an effect under TPE": "test_calibration.of_inert_settings_under_an_adaptive_search",
    "1 inert settings have an effect beside a wall": "test_calibration.beside_a_wall",
    "2 intervals pool questions": "test_claims.the_interval_of_a_group_is_over_its_trials_not_over_their_questions",
    "3 ranges without the trials they name": "test_claims.a_range_holds_the_trials_that_it_names",
    "3 rounding": "test_claims.a_bound_is_rounded_outwards",
    "4 pruned trials vanish": "test_claims.pruned_trials_count_with_what_they_showed",
    "5 p values of five trials": "test_claims.no_report_has_a_forbidden_word",
    "6 pure interactions": "test_calibration.finds_the_real_ones",
    "7 overfitting of noise": "test_claims.white_noise_is_no_overfitting",
    "7 turns": "test_calibration.of_turns",
    "8 regions of failure by chance": "test_calibration.of_regions_of_failure",
    "9 told apart from a best that was chosen": "test_calibration.of_the_range_test",
    "10 an interval from a seed that changes nothing": "test_claims.a_seed_that_changes_nothing_gives_no_interval",
    "11 aliased settings": "test_claims.two_settings_that_are_one_are_named_together",
    "12 numbers that contradict each other": "test_form.a_change_is_that_of_the_numbers_that_stand_there",
    "12 rises of a bowl": "test_truths.a_setting_that_is_best_in_the_middle_has_an_effect_and_no_direction",
    "12 most of one in four": "test_claims.one_epoch_of_one_in_four_is_not_what_most_did",
    "13 imported trials": "test_form.an_imported_trial_has_no_machine_of_ours",
    "13 examples": "test_form.the_examples_are_those_that_were_used",
    "13 effective batch": "test_form.an_unknown_accumulation_makes_no_effective_batch",
    "13 adapter off": "test_form.a_row_of_memory_names_a_value_never_on_or_off",
    "13 GPU hours": "test_form.a_gpu_that_two_trials_share_for_an_hour_is_busy_for_an_hour",
    "13 a spent grid": "test_claims.a_spent_grid_promises_nothing",
    "14 examples behind a batch size": "test_claims.fixed_steps_with_a_searched_batch_are_stated_where_certain",
    "15 the lucky run": "test_claims.fresh_runs_leave_out_the_run_that_was_lucky",
    "16 stages": "test_form.each_stage_has_its_line",
    "17 per minute, better by nothing": "test_form.equal_as_printed_is_never_better_and_nothing_is_per_minute",
    "18 commands": "test_form.one_format_of_one_configuration_and_no_command_that_runs_nothing",
    "18 commands run": "test_truths.every_command_to_run_it_again_is_one_that_the_shell_and_hptui_take",
    "19 length": "test_form.a_report_is_as_long_as_a_person_reads",
    "19 the answer first": "test_form.the_first_screen_has_twelve_lines_each_of_which_is_there",
}


@pytest.mark.parametrize("finding", FINDINGS)
def test_each_finding_has_its_test(finding):
    module, name = FINDINGS[finding].split(".")
    prefix = "test_calibration_" if module == "test_calibration" else "test_"
    assert callable(getattr(import_module(f"tests.results.{module}"), prefix + name))


def test_all_nineteen_are_there():
    assert {int(finding.split()[0]) for finding in FINDINGS} == set(range(1, 20))

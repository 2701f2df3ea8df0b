"""Which metrics are better when larger, as far as their names say."""

import pytest

from hptui.core.metric_names import larger_is_better

LARGER = """
    val/acc best_val_pearson mAP@50 eval_exact_match val_f1 ELBO/Validation win_rate rouge-l valAcc testF1Score r2_score
    Acc@1 eval_rougeL test_micro_f1 reward/mean pass_rate winrate top5_acc recall@10 score spearmanr auroc ndcg_at_20
    psnr mIoU exact_match cohen_kappa
"""
SMALLER = """
    loss val_loss dice_loss em_loss error_rate learning_rate eval/loss grad_norm ppl wer samples_per_second rmse
    precision_error score_loss nll val_perplexity epoch
"""


@pytest.mark.parametrize(("names", "larger"), [(LARGER, True), (SMALLER, False)])
def test_names_say_which_way_is_better(names: str, larger: bool) -> None:
    assert [name for name in names.split() if larger_is_better(name) != larger] == []

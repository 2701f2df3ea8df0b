"""Words that tell names of metrics from other text."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


IDLE_WORDS = _words(
    "the a an of is was are at in on our its current currently new got with and after for by to from now "
    "info debug warning warn critical root main logger took saved saving loading loaded using seed rank "
    "gpu cuda pid port line version v_num elapsed eta time done finished"
)
"""Words that are neither a metric nor a part of a metric's name."""
NO_METRICS = _words("id process_index process_count process_id num_proc local_rank global_rank node_rank world_size")
"""Keys of what a process or a file is known by."""
VAGUE_WORDS = _words("average averaged avg mean final overall current total cv")
"""Words of a name that do not say which metric it is."""
METRIC_WORDS = _words(
    "loss losses acc accuracy ppl perplexity bleu rouge f1 lr score reward auc mse mae rmse nll ce error "
    "wer cer bpc bpb precision recall em mcc norm throughput eer mindcf auroc auprc iou miou dice psnr ssim ndcg mrr "
    "fid mape smape rmsle logloss meteor cider chrf"
)
"""Words that name a metric wherever they occur."""
MEASURE_WORDS = _words("loss losses acc accuracy ppl perplexity bleu rouge f1 auc mse mae rmse nll wer cer bpc bpb mcc")
"""Last words of names that are measured, never set."""
COUNTER_WORDS = _words("step steps epoch epochs iter iters iteration iterations batch batches")

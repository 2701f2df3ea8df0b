"""Names of parameters that nobody searches: seeds, paths, lengths, indices, and switches that change no model."""

from __future__ import annotations

import re

NEVER_SEARCHED = re.compile(
    r"(.*_)?(timesteps|episodes|batches|cuda|gpu|gpus|cpu|track|tracking|video|videos|render|upload|push_to_hub|tensorboard|"
    r"(?:eval|print|log|logging|save|test|val|valid|checkpoint|report|record|display|plot|show|summary|stats?)_?(?:freq|frequency|period|iter|iters)|"
    r"eval_only|test_only|local_rank|node_rank|global_rank|seed|path|dir|file|name|device|port|host|workers|num_workers|every|interval|steps|epochs?|iters|iterations|"
    r"resume|verbose|debug|log|wandb|project|output|data|dataset|split|threads|rank_id|local_rank|world_size|samples|"
    r"timeout|trust|evals|val_set|val_size|bs_eval|eval_batch_size|vocab_size|num_class|num_classes|nthread|n_jobs|"
    r"trials|checkpoint|save|random_state|rand(?:om)?_?seed|rng|proc|processes|nodes|node|gpu_ids?|verbosity|"
    r"(?:print|log|eval|save|test|disp|display)_?(?:step|every|freq|interval|iter)s?|index|idx|cache|version)(_.*)?"
    r"|(?:num_?|n_?|max_)?(?:runs?|repeats?|repetitions?|replicates?|restarts?|seeds|exps?|experiments?|splits|folds?)|itr|[kn]_?folds?"
    r"|(?:test|train|val|valid|validation|holdout|eval|label)_(?:size|frac|fraction|ratio|pct|percent\w*|split|rate|share)|split_ratio"
    r"|(?:n|num|k)_?(?:ways?|shots?|spt|qry|query|queries|support)|(?:pred|prediction|forecast|horizon|output)_?(?:len|length|horizon|steps?)|horizon"
    r"|enc_in|dec_in|c_out|imgc|(?:test|eval|val)_(?:num|n|neg|k|topk)\w*|topks|num_users|n_users|n_clients|num_clients"
    r"|[ij]|ii|jj|num_(?:proc|train|test|samples|examples|points|classes|labels|nodes|gpus|threads)|n_?(?:train|test|classes|labels|samples|points)"
    r"|(?:sub)?sample_(?:train|data|size|rate_train)|data_(?:frac|fraction|portion|percent\w*|proportion|size)"
    r"|train_(?:fraction|portion|proportion)|(?:.*_)?ckpt(?:_.*)?|zero_stage|zpg|zero_(?:opt|optimization)(?:_.*)?"
    r"|num_beams|n_best_size|max_answer_len(?:gth)?|max_new_tokens|generation_max_len(?:gth)?"
    r"|val_max_(?:target|answer|seq)_len(?:gth)?|pad_to_multiple_of",
    re.IGNORECASE,
)
"""Names that are no hyperparameters, whatever their type."""
SWITCHES = re.compile(
    r"(?:do|is|overwrite|show|plot|print|save|load|skip|disable|enable|no|run|only|return|keep|report|profile|"
    r"download|visuali[sz]e|display|dump|export|force|allow|trust|ignore|dry|with_tracking|find_unused)_.*"
    r"|no(?:save|val|valid|plots?|test|eval|log|logs|verbose|wandb|tqdm|autoanchor|cuda|gpu)|exist_ok"
    r"|(?:.*_)?(?:fp16|bf16|tf32|fp8|amp|half|mixed_precision|compile|deterministic|benchmark|cudnn\w*|mps|tpu|xpu|npu|xla|ddp|fsdp|"
    r"deepspeed|distributed|multi_?gpu|parallel|dataparallel|quiet|silent|progress(?:_bar)?|pbar|pin_memory|"
    r"streaming|stream|fast_tokenizer|auth_token|token|tracker|tracking|mlflow|comet|neptune|clearml|swanlab|tb|"
    r"train|eval|evaluate|evaluation|test|testing|predict|prediction|inference|infer|generate|finetune|validate|"
    r"plot|plots|show|display|graph|visuali[sz]e|vis|viz|visdom|download|downloaded|preprocess|preprocessed|"
    r"gradient_checkpointing|low_cpu_mem_usage|remote_code|load_in_[48]bit|accel|accelerator|demo|help|info|"
    r"summary|profile|profiler|restart|restore|recover|from_scratch|continue|pretrained_only|overwrite|force|clean|"
    r"remove_unused_columns|group_by_length|load_best_model_at_end|greater_is_better|predict_with_generate|drop_last|"
    r"pad_to_max_length|use_cache|flash_attn\d?|flash_attention(?:_\d)?|lazy_preprocess|persistent_workers|"
    r"(?:.*_)?offload(?:_.*)?|overlap_comm|"
    r"interactive|remote|local|sync|async|offline|online|dryrun|smoke|sanity_check|fast_dev_run|inplace|ci)",
    re.IGNORECASE,
)
"""Names of switches that turn a tool, a part of the run or a speed-up on: no model is better by them."""
NO_CHOICES = re.compile(
    r"(?:.*_)?(?:data|dataset|datasets|corpus|split|subset|fold|device|devices|accelerator|backend|mode|phase|task|tasks|env|environment|"
    r"log_?level|logger|verbosity|verbose|format|precision|mixed_precision|dtype|report_to|tracker|gpu|seed|host|"
    r"lang|language|country|city|platform|action|command|stage|save_strategy|logging_strategy|eval_strategy|"
    r"evaluation_strategy|log_with|push_strategy|hub_strategy|plot)(?:_name|_type|_kind)?",
    re.IGNORECASE,
)
"""Names of choices of another task, machine or listing: what one of them measures, the others do not."""
FACTS_OF_DATA = re.compile(
    r"(?:in|input|out|output|target|label|state|action|act|obs|observation|vocab|image|img|node_feature)_?"
    r"(?:dims?|size|channels?|features?|width|height|shape|ch|rows?|cols?)"
    r"|(?:n|nb|num|no|number_of)_?(?:columns|cols|rows|features|feats|class|classes|labels|categories|targets|outputs|"
    r"inputs|items|users|movies|words|vocab|actions|states|vars|variables|joints|points|entities|relations|chars|"
    r"characters|images|files|input_channels|output_channels|in_channels|out_channels|train_samples|test_samples)"
    r"|(?:best|current|cur|prev|previous|running|counter|count|total_seen)(?:_(?!of_).*)?|.*_(?:counter|count|so_far)",
    re.IGNORECASE,
)
"""Names of what the data set fixes, and of what a script counts as it runs."""
ONLY_EVALUATED = re.compile(
    r"(?:per_device_|per_gpu_)?(?:eval|test|testing|val|valid|validation|dev|inference|infer|predict|prediction|gen|generation)_"
    r"(?:.*_)?(?:batch_?size|bs|batch)|(?:batch_?size|bs|batch)_(?:eval|test|val|valid|validation|dev|inference)",
    re.IGNORECASE,
)
"""Names of the sizes of evaluated batches, which change no model."""


def is_never_searched(name: str, kind: str) -> bool:
    """Return whether a name is that of no hyperparameter; `kind` is the type of its option."""
    return NEVER_SEARCHED.fullmatch(name) is not None or (kind == "bool" and SWITCHES.fullmatch(name) is not None)


def is_no_choice(name: str) -> bool:
    """Return whether the choices of an option say what is done, not how well."""
    return NO_CHOICES.fullmatch(name) is not None


def is_fact_of_data(name: str) -> bool:
    """Return whether a name is that of what the data set fixes, or of what a script counts."""
    return FACTS_OF_DATA.fullmatch(name) is not None


def is_only_evaluated(name: str) -> bool:
    """Return whether a name is that of a size with which a model is only evaluated."""
    return ONLY_EVALUATED.fullmatch(name) is not None

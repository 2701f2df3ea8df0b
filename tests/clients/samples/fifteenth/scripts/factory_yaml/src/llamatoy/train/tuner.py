import logging
import sys

from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, Seq2SeqTrainer

from ..hparams.parser import get_train_args

logger = logging.getLogger(__name__)


def run_exp():
    logging.basicConfig(
        format="[%(levelname)s|%(asctime)s] %(name)s:%(lineno)d >> %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
        stream=sys.stderr,
        level=logging.INFO,
    )
    model_args, data_args, training_args, finetuning_args = get_train_args()
    logger.info("Process rank: 0, world size: 1, device: cpu, distributed training: False, compute dtype: torch.bfloat16")

    dataset = load_dataset(data_args.dataset, split="train")
    if data_args.max_samples:
        dataset = dataset.select(range(min(data_args.max_samples, len(dataset))))
    parts = dataset.train_test_split(test_size=data_args.val_size) if data_args.val_size else {"train": dataset, "test": None}

    model = AutoModelForCausalLM.from_pretrained(model_args.model_name_or_path)
    if finetuning_args.finetuning_type == "lora":
        logger.info("Fine-tuning method: LoRA")
        alpha = finetuning_args.lora_alpha or 2 * finetuning_args.lora_rank
        model.peft = LoraConfig(r=finetuning_args.lora_rank, lora_alpha=alpha, lora_dropout=finetuning_args.lora_dropout)
    tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path)

    trainer = Seq2SeqTrainer(
        model=model, args=training_args, train_dataset=parts["train"], eval_dataset=parts["test"], processing_class=tokenizer
    )
    if training_args.do_train:
        train_result = trainer.train()
        trainer.save_model()
        trainer.log_metrics("train", train_result.metrics)
        trainer.save_metrics("train", train_result.metrics)
        trainer.save_state()
    if parts["test"] is not None:
        metrics = trainer.evaluate(metric_key_prefix="eval")
        trainer.log_metrics("eval", metrics)
        trainer.save_metrics("eval", metrics)

import argparse
import logging
import math
import os
import warnings
from pathlib import Path

from tqdm.auto import tqdm

from ptp_utils import Accelerator, AttentionStore

logger = logging.getLogger(__name__)


def parse_args(input_args=None):
    parser = argparse.ArgumentParser(description="Simple example of a training script.")
    parser.add_argument(
        "--pretrained_model_name_or_path",
        type=str,
        default="pretrained/stable-diffusion-2-1-base",
        help="Path to pretrained model or model identifier from huggingface.co/models.",
    )
    parser.add_argument(
        "--instance_data_dir",
        type=str,
        default="examples/creature",
        help="A folder containing the training data of instance images.",
    )
    parser.add_argument(
        "--class_data_dir",
        type=str,
        default="class_images",
        required=False,
        help="A folder containing the training data of class images.",
    )
    parser.add_argument(
        "--class_prompt",
        type=str,
        default="a photo at the beach",
        help="The prompt to specify images in the same class as provided instance images.",
    )
    parser.add_argument(
        "--no_prior_preservation",
        action="store_false",
        help="Flag to add prior preservation loss.",
        dest="with_prior_preservation",
    )
    parser.add_argument(
        "--prior_loss_weight",
        type=float,
        default=1.0,
        help="The weight of prior preservation loss.",
    )
    parser.add_argument(
        "--output_dir",
        type=str,
        default="outputs",
        help="The output directory where the model predictions and checkpoints will be written.",
    )
    parser.add_argument("--seed", type=int, default=None, help="A seed for reproducible training.")
    parser.add_argument(
        "--resolution",
        type=int,
        default=512,
        help="The resolution for input images, all the images will be resized to this resolution",
    )
    parser.add_argument(
        "--no_train_text_encoder",
        action="store_false",
        help="Whether to train the text encoder. If set, the text encoder should be float32 precision.",
        dest="train_text_encoder",
    )
    parser.add_argument(
        "--train_batch_size", type=int, default=1, help="Batch size (per device) for the training dataloader."
    )
    parser.add_argument("--num_train_epochs", type=int, default=1)
    parser.add_argument(
        "--phase1_train_steps",
        type=int,
        default="40",
        help="Number of trainig steps for the first phase.",
    )
    parser.add_argument(
        "--phase2_train_steps",
        type=int,
        default="40",
        help="Number of trainig steps for the second phase.",
    )
    parser.add_argument(
        "--checkpointing_steps",
        type=int,
        default=5000,
        help="Save a checkpoint of the training state every X updates.",
    )
    parser.add_argument(
        "--gradient_accumulation_steps",
        type=int,
        default=1,
        help="Number of updates steps to accumulate before performing a backward/update pass.",
    )
    parser.add_argument(
        "--learning_rate",
        type=float,
        default=2e-6,
        help="Initial learning rate (after the potential warmup period) to use.",
    )
    parser.add_argument(
        "--initial_learning_rate",
        type=float,
        default=5e-4,
        help="The LR for the Textual Inversion steps.",
    )
    parser.add_argument("--adam_beta1", type=float, default=0.9, help="The beta1 parameter for the Adam optimizer.")
    parser.add_argument("--adam_beta2", type=float, default=0.999, help="The beta2 parameter for the Adam optimizer.")
    parser.add_argument("--adam_weight_decay", type=float, default=1e-2, help="Weight decay to use.")
    parser.add_argument("--adam_epsilon", type=float, default=1e-08, help="Epsilon value for the Adam optimizer")
    parser.add_argument("--max_grad_norm", default=1.0, type=float, help="Max gradient norm.")
    parser.add_argument(
        "--logging_dir",
        type=str,
        default="logs",
        help="[TensorBoard](https://www.tensorflow.org/tensorboard) log directory.",
    )
    parser.add_argument(
        "--report_to", type=str, default="tensorboard", help="The integration to report the results and logs to."
    )
    parser.add_argument("--mixed_precision", type=str, default="fp16", choices=["no", "fp16", "bf16"])
    parser.add_argument("--local_rank", type=int, default=-1, help="For distributed training: local_rank")
    parser.add_argument("--lambda_attention", type=float, default=1e-2)
    parser.add_argument("--img_log_steps", type=int, default=200)
    parser.add_argument("--num_of_assets", type=int, default=1)
    parser.add_argument("--initializer_tokens", type=str, nargs="+", default=[])
    parser.add_argument(
        "--placeholder_token", type=str, default="<asset>", help="A token to use as a placeholder for the concept."
    )
    parser.add_argument(
        "--do_not_apply_masked_loss",
        action="store_false",
        help="Use masked loss instead of standard epsilon prediciton loss",
        dest="apply_masked_loss",
    )

    if input_args is not None:
        args = parser.parse_args(input_args)
    else:
        args = parser.parse_args()

    assert len(args.initializer_tokens) == 0 or len(args.initializer_tokens) == args.num_of_assets
    args.max_train_steps = args.phase1_train_steps + args.phase2_train_steps

    env_local_rank = int(os.environ.get("LOCAL_RANK", -1))
    if env_local_rank != -1 and env_local_rank != args.local_rank:
        args.local_rank = env_local_rank

    if args.with_prior_preservation:
        if args.class_data_dir is None:
            raise ValueError("You must specify a data directory for class images.")
    elif args.class_data_dir is not None:
        warnings.warn("You need not use --class_data_dir without --with_prior_preservation.")

    return args


class SpatialDreambooth:
    def __init__(self):
        self.args = parse_args()
        self.main()

    def phase_loss(self, lr, best):
        a = self.args
        loss = abs(math.log10(lr) - best) / 4 + 0.5 / (a.train_batch_size * a.gradient_accumulation_steps)
        return loss + 2 * a.adam_weight_decay + 0.1 * a.prior_loss_weight + (1 - a.adam_beta1)

    def main(self):
        logging_dir = Path(self.args.output_dir, self.args.logging_dir)
        self.accelerator = Accelerator(
            gradient_accumulation_steps=self.args.gradient_accumulation_steps,
            mixed_precision=self.args.mixed_precision,
            log_with=self.args.report_to,
            logging_dir=logging_dir,
        )
        logging.basicConfig(format="%(asctime)s - %(levelname)s - %(name)s - %(message)s", level=logging.INFO)
        if self.accelerator.is_main_process:
            os.makedirs(self.args.output_dir, exist_ok=True)
            self.accelerator.init_trackers("dreambooth", config=vars(self.args))
        self.controller = AttentionStore()

        num_update_steps_per_epoch = 20
        self.args.num_train_epochs = math.ceil(self.args.max_train_steps / num_update_steps_per_epoch)
        total_batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        logger.info("***** Running training *****")
        logger.info(f"  Num Epochs = {self.args.num_train_epochs}")
        logger.info(f"  Total train batch size (w. parallel, distributed & accumulation) = {total_batch_size}")
        logger.info(f"  Total optimization steps = {self.args.max_train_steps}")
        global_step = 0

        progress_bar = tqdm(range(global_step, self.args.max_train_steps))
        progress_bar.set_description("Steps")

        for epoch in range(self.args.num_train_epochs):
            for step in range(num_update_steps_per_epoch * self.args.gradient_accumulation_steps):
                logs = {}
                if global_step < self.args.phase1_train_steps:
                    lr, best = self.args.initial_learning_rate, -3
                else:
                    lr, best = self.args.learning_rate, -5
                loss = self.phase_loss(lr, best) + abs(math.log10(self.args.initial_learning_rate) + 3) / 8
                loss += 4 / (global_step + 4)

                # Attention loss
                if self.args.lambda_attention != 0:
                    attn_loss = self.args.lambda_attention * 5
                    logs["attn_loss"] = attn_loss
                    loss += attn_loss

                self.accelerator.backward(loss)
                # No need to keep the attention store
                self.controller.attention_store = {}
                self.controller.cur_step = 0

                if self.accelerator.sync_gradients:
                    progress_bar.update(1)
                    global_step += 1
                    if global_step % self.args.checkpointing_steps == 0:
                        save_path = os.path.join(self.args.output_dir, f"checkpoint-{global_step}")
                        os.makedirs(save_path, exist_ok=True)
                        logger.info(f"Saved state to {save_path}")

                logs["loss"] = loss
                logs["lr"] = lr
                progress_bar.set_postfix(**logs)
                self.accelerator.log(logs, step=global_step)

                if global_step >= self.args.max_train_steps:
                    break

        with open(os.path.join(self.args.output_dir, "pytorch_lora_weights.bin"), "w") as f:
            f.write("weights")
        self.accelerator.end_training()


if __name__ == "__main__":
    SpatialDreambooth()

"""Train a DDPM without conditions on a folder of images."""
import argparse
import logging
import math
import os

from tqdm.auto import tqdm

from diffusion import DDPMScheduler, EMAModel, UNet2DModel

logger = logging.getLogger(__name__)


def parse_args():
    parser = argparse.ArgumentParser(description="Train an unconditional diffusion model.")
    parser.add_argument("--dataset_name", type=str, default="toy/butterflies", help="The name of the dataset.")
    parser.add_argument("--output_dir", type=str, default="ddpm-model-64", help="Where the checkpoints will be written.")
    parser.add_argument("--overwrite_output_dir", action="store_true")
    parser.add_argument("--resolution", type=int, default=64, help="The resolution of the images.")
    parser.add_argument("--random_flip", default=False, action="store_true", help="Flip images horizontally at random.")
    parser.add_argument("--train_batch_size", type=int, default=16, help="Batch size (per device) for training.")
    parser.add_argument("--dataloader_num_workers", type=int, default=0)
    parser.add_argument("--num_epochs", type=int, default=5)
    parser.add_argument("--save_model_epochs", type=int, default=10, help="How often to save the model.")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1)
    parser.add_argument("--learning_rate", type=float, default=1e-4, help="Initial learning rate.")
    parser.add_argument("--lr_scheduler", type=str, default="cosine", help='Among "linear", "cosine", "constant".')
    parser.add_argument("--lr_warmup_steps", type=int, default=50, help="Steps of the warmup.")
    parser.add_argument("--adam_beta1", type=float, default=0.95, help="The beta1 parameter for Adam.")
    parser.add_argument("--adam_beta2", type=float, default=0.999, help="The beta2 parameter for Adam.")
    parser.add_argument("--adam_weight_decay", type=float, default=1e-6, help="Weight decay magnitude for Adam.")
    parser.add_argument("--adam_epsilon", type=float, default=1e-08, help="Epsilon value for Adam.")
    parser.add_argument("--use_ema", action="store_true", help="Whether to use an exponential moving average.")
    parser.add_argument("--ema_max_decay", type=float, default=0.9999, help="The maximum decay magnitude for EMA.")
    parser.add_argument("--logger", type=str, default="tensorboard", choices=["tensorboard", "wandb"])
    parser.add_argument("--local_rank", type=int, default=-1)
    parser.add_argument("--mixed_precision", type=str, default="no", choices=["no", "fp16", "bf16"])
    parser.add_argument("--prediction_type", type=str, default="epsilon", choices=["epsilon", "sample"])
    parser.add_argument("--ddpm_num_steps", type=int, default=1000)
    parser.add_argument("--ddpm_beta_schedule", type=str, default="linear")
    return parser.parse_args()


def main(args):
    logging.basicConfig(format="%(asctime)s - %(levelname)s - %(name)s - %(message)s", datefmt="%m/%d/%Y %H:%M:%S", level=logging.INFO)
    os.makedirs(args.output_dir, exist_ok=True)
    model = UNet2DModel(args.resolution, (128, 128, 256, 256, 512, 512))
    noise_scheduler = DDPMScheduler(args.ddpm_num_steps, args.ddpm_beta_schedule)
    ema_model = EMAModel(args.ema_max_decay) if args.use_ema else None

    n_images = 320
    logger.info(f"Dataset size: {n_images}")
    batches = math.ceil(n_images / args.train_batch_size)
    updates_per_epoch = math.ceil(batches / args.gradient_accumulation_steps)
    max_train_steps = args.num_epochs * updates_per_epoch

    logger.info("***** Running training *****")
    logger.info(f"  Num examples = {n_images}")
    logger.info(f"  Num Epochs = {args.num_epochs}")
    logger.info(f"  Instantaneous batch size per device = {args.train_batch_size}")
    logger.info(f"  Gradient Accumulation steps = {args.gradient_accumulation_steps}")
    logger.info(f"  Total optimization steps = {max_train_steps}")

    global_step = 0
    for epoch in range(args.num_epochs):
        progress_bar = tqdm(total=updates_per_epoch)
        progress_bar.set_description(f"Epoch {epoch}")
        for step in range(batches):
            loss = model.loss(args)
            if (step + 1) % args.gradient_accumulation_steps == 0 or step + 1 == batches:
                model.updates += 1
                if ema_model is not None:
                    ema_model.step(model)
                progress_bar.update(1)
                global_step += 1
                lr = args.learning_rate * min(1, global_step / max(1, args.lr_warmup_steps))
                logs = {"loss": loss, "lr": lr, "step": global_step}
                progress_bar.set_postfix(**logs)
        progress_bar.close()

        if epoch % args.save_model_epochs == 0 or epoch == args.num_epochs - 1:
            with open(os.path.join(args.output_dir, "model_index.json"), "w") as f:
                f.write('{"_class_name": "DDPMPipeline"}')


if __name__ == "__main__":
    main(parse_args())

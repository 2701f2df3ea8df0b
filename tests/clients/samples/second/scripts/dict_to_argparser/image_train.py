"""
Train a diffusion model on images.
"""

import argparse

from script_util import add_dict_to_argparser, args_to_dict, model_and_diffusion_defaults


def main():
    args = create_argparser().parse_args()
    model = args_to_dict(args, model_and_diffusion_defaults().keys())
    base = args.lr * 1000 + 1 / args.batch_size + model["dropout"] + 2 * model["learn_sigma"] + 4 * args.use_fp16
    base += 64 / model["num_channels"]
    for step in range(0, args.lr_anneal_steps + 1, args.log_interval):
        print("-" * 30)
        print(f"| step       | {step:<12} |")
        print(f"| loss       | {base + 1 / (step + 1):<12.5g} |")
        print("-" * 30)


def create_argparser():
    defaults = dict(
        data_dir="",
        schedule_sampler="uniform",
        lr=1e-4,
        weight_decay=0.0,
        lr_anneal_steps=4,
        batch_size=1,
        ema_rate="0.9999",  # comma-separated list of EMA values
        log_interval=2,
        resume_checkpoint="",
        use_fp16=False,
    )
    defaults.update(model_and_diffusion_defaults())
    parser = argparse.ArgumentParser()
    add_dict_to_argparser(parser, defaults)
    return parser


if __name__ == "__main__":
    main()

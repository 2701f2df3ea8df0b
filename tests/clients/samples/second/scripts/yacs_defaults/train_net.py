#!/usr/bin/env python
import argparse
import logging

from defaults import get_cfg

logger = logging.getLogger("detectron")


def default_argument_parser(epilog=None):
    parser = argparse.ArgumentParser(epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", default="base.yaml", metavar="FILE", help="path to config file")
    parser.add_argument("--resume", action="store_true", help="Whether to attempt to resume from the checkpoint")
    parser.add_argument("--eval-only", action="store_true", help="perform evaluation only")
    parser.add_argument("--num-gpus", type=int, default=1, help="number of gpus *per machine*")
    parser.add_argument(
        "opts",
        help="Modify config options at the end of the command. For Yacs configs, use space-separated \"PATH.KEY VALUE\" pairs.",
        default=None,
        nargs=argparse.REMAINDER,
    )
    return parser


def main(args):
    logging.basicConfig(level=logging.INFO, format="[%(asctime)s %(name)s]: %(message)s", datefmt="%m/%d %H:%M:%S")
    cfg = get_cfg()
    cfg.merge_from_file(args.config_file)
    cfg.merge_from_list(args.opts)
    ap = 60 - abs(cfg.SOLVER.BASE_LR - 0.05) * 100 - cfg.MODEL.DROPOUT * 10 - 100 / cfg.MODEL.DEPTH
    for it in range(cfg.SOLVER.MAX_ITER):
        logger.info(" eta: 0:00:01  iter: %d  total_loss: %.4g  loss_cls: %.4g  time: 0.5  lr: %.5g  max_mem: 100M",
                    it, 3 / (it + 1), 2 / (it + 1), cfg.SOLVER.BASE_LR)
    logger.info("Evaluation results for bbox: \n|   AP   |  AP50  |\n|:------:|:------:|\n| %.3f | 55.000 |", ap)
    logger.info("copypaste: AP,AP50")
    logger.info("copypaste: %.4f,55.0000", ap)
    print(f"bbox/AP: {ap:.4f}")


if __name__ == "__main__":
    main(default_argument_parser().parse_args())

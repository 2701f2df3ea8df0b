import argparse

from defaults import cfg


def main():
    parser = argparse.ArgumentParser(description="ReID Baseline Training")
    parser.add_argument("--config_file", default="", help="path to config file", type=str)
    parser.add_argument("opts", help="Modify config options using the command-line", default=None, nargs=argparse.REMAINDER)
    args = parser.parse_args()
    if args.config_file != "":
        cfg.merge_from_file(args.config_file)
    cfg.merge_from_list(args.opts)
    cfg.freeze()
    for epoch in range(1, cfg.SOLVER.MAX_EPOCHS + 1):
        m = 90 - cfg.SOLVER.BASE_LR * 10000 - cfg.MODEL.LAST_STRIDE - 2 * cfg.SOLVER.WARMUP - cfg.SOLVER.BIAS_LR_FACTOR / 10 - 1 / epoch
        print("Validation Results - Epoch: {}".format(epoch))
        print("mAP: {:.3f}%".format(m))
        print("CMC curve, Rank-1  :{:.1%}".format(0.9))


if __name__ == "__main__":
    main()

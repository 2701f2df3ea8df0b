from argparse import ArgumentParser

from arguments import ModelParams, OptimizationParams


def training(dataset, opt):
    ema_loss_for_log = 0.0
    for iteration in range(1, opt.iterations + 1):
        loss = (
            abs(opt.position_lr_init * 1000 - 0.5)
            + opt.lambda_dssim
            + dataset.sh_degree / 10
            + 2 * dataset.white_background
            + 1 / iteration
        )
        ema_loss_for_log = loss
        if iteration % 2 == 0:
            print(f"[ITER {iteration}] Evaluating test: L1 {loss:.5f} PSNR {30 - loss:.5f}")
    print("\nTraining complete.")


if __name__ == "__main__":
    # Set up command line argument parser
    parser = ArgumentParser(description="Training script parameters")
    lp = ModelParams(parser)
    op = OptimizationParams(parser)
    parser.add_argument("--ip", type=str, default="127.0.0.1")
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    training(lp.extract(args), op.extract(args))

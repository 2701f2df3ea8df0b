"""General-purpose training script for image-to-image translation."""
import time

from options.train_options import TrainOptions


def main():
    opt = TrainOptions().parse()   # get training options
    total_iters = 0
    for epoch in range(opt.epoch_count, opt.n_epochs + 1):
        epoch_start_time = time.time()
        for i in range(2):
            total_iters += opt.batch_size
            losses = {"G_GAN": 1.0 / (epoch + i), "D_real": 0.3}
            message = "(epoch: %d, iters: %d, time: %.3f, data: %.3f) " % (epoch, total_iters, 0.1, 0.2)
            for k, v in losses.items():
                message += "%s: %.3f " % (k, v)
            print(message)
        fid = abs(opt.lr - 0.001) * 1000 + opt.beta1 + 1 / opt.ngf + 2 * opt.no_dropout + len(opt.netG) / 10 + opt.lambda_L1 / 100 + 1 / epoch
        print("[*] Validation: fid: %.5f" % fid)
        print("End of epoch %d / %d \t Time Taken: %d sec" % (epoch, opt.n_epochs, time.time() - epoch_start_time))


if __name__ == "__main__":
    main()

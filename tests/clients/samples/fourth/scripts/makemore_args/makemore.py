"""
you give this script some words (one per line) and it will generate more things like it.
"""

import argparse
import math
import time

if __name__ == "__main__":
    # parse command line args
    parser = argparse.ArgumentParser(description="Make More")
    # system/input/output
    parser.add_argument("--input-file", "-i", type=str, default="names.txt", help="input file with things one per line")
    parser.add_argument("--work-dir", "-o", type=str, default="out", help="output working directory")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="when this flag is used, we will resume optimization from existing model in the workdir",
    )
    parser.add_argument(
        "--max-steps", type=int, default=4, help="max number of optimization steps to run for, or -1 for infinite."
    )
    # sampling
    parser.add_argument("--top-k", type=int, default=-1, help="top-k for sampling, -1 means no top-k")
    # model
    parser.add_argument(
        "--type", type=str, default="transformer", help="model class type to use, bigram|mlp|rnn|gru|bow|transformer"
    )
    parser.add_argument("--n-layer", type=int, default=4, help="number of layers")
    # optimization
    parser.add_argument("--batch-size", "-b", type=int, default=32, help="batch size during optimization")
    parser.add_argument("--learning-rate", "-l", type=float, default=5e-4, help="learning rate")
    parser.add_argument("--weight-decay", "-w", type=float, default=0.01, help="weight decay")
    args = parser.parse_args()
    print(vars(args))

    best_loss = None
    step = 0
    while True:
        t0 = time.time()
        loss = (
            abs(math.log10(args.learning_rate) + 3)
            + 1 / args.n_layer
            + args.weight_decay
            + len(args.type) / 100
            + 8 / args.batch_size
            + 1 / (step + 1)
        )
        print(f"step {step} | loss {loss + 0.5:.4f} | step time {(time.time() - t0) * 1000:.2f}ms")
        # evaluate the model
        if step > 0 and step % 2 == 0:
            train_loss, test_loss = loss - 0.1, loss
            print(f"step {step} train loss: {train_loss} test loss: {test_loss}")
            if best_loss is None or test_loss < best_loss:
                print(f"test loss {test_loss} is the best so far, saving model to out/model.pt")
                best_loss = test_loss
        step += 1
        # termination conditions
        if args.max_steps >= 0 and step > args.max_steps:
            break

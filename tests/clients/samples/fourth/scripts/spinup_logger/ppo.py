import argparse
import os
import os.path as osp
import time


class EpochLogger:
    """Prints a table and keeps a tab-separated file."""

    def __init__(self, output_dir=None, exp_name=None):
        self.output_dir = output_dir or "/tmp/experiments/%i" % int(time.time())
        os.makedirs(self.output_dir, exist_ok=True)
        self.output_file = open(osp.join(self.output_dir, "progress.txt"), "w")
        self.first_row = True
        self.log_headers, self.log_current_row = [], {}

    def log_tabular(self, key, val):
        if self.first_row:
            self.log_headers.append(key)
        self.log_current_row[key] = val

    def dump_tabular(self):
        vals = []
        max_key_len = max(15, max([len(key) for key in self.log_headers]))
        fmt = "| %" + "%d" % max_key_len + "s | %15s |"
        print("-" * (22 + max_key_len))
        for key in self.log_headers:
            val = self.log_current_row.get(key, "")
            valstr = "%8.3g" % val if hasattr(val, "__float__") else val
            print(fmt % (key, valstr))
            vals.append(val)
        print("-" * (22 + max_key_len), flush=True)
        if self.first_row:
            self.output_file.write("\t".join(self.log_headers) + "\n")
        self.output_file.write("\t".join(map(str, vals)) + "\n")
        self.output_file.flush()
        self.log_current_row.clear()
        self.first_row = False


def ppo(env_fn, ac_kwargs=dict(), gamma=0.99, epochs=50, pi_lr=3e-4, logger_kwargs=dict()):
    logger = EpochLogger(**logger_kwargs)
    for epoch in range(epochs):
        ret = 100 - abs(pi_lr * 1000 - 1) - gamma + sum(ac_kwargs["hidden_sizes"]) / 64 - 10 / (epoch + 1)
        logger.log_tabular("Epoch", epoch)
        logger.log_tabular("AverageEpRet", ret)
        logger.log_tabular("StdEpRet", 1.5)
        logger.log_tabular("LossPi", -0.01)
        logger.log_tabular("Time", 1.5 * epoch)
        logger.dump_tabular()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", type=str, default="HalfCheetah-v2")
    parser.add_argument("--hid", type=int, default=64)
    parser.add_argument("--l", type=int, default=2)
    parser.add_argument("--gamma", type=float, default=0.99)
    parser.add_argument("--pi_lr", type=float, default=3e-4)
    parser.add_argument("--seed", "-s", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--data_dir", type=str, default="data")
    args = parser.parse_args()
    ppo(
        lambda: args.env,
        ac_kwargs=dict(hidden_sizes=[args.hid] * args.l),
        gamma=args.gamma,
        epochs=args.epochs,
        pi_lr=args.pi_lr,
        logger_kwargs=dict(output_dir=args.data_dir),
    )

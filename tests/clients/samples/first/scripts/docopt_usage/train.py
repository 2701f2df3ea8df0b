"""Train a tagger.

Usage:
    train.py [options]

Options:
    -h --help               show this
    --lr=<float>            learning rate [default: 0.05]
    --hidden-size=<int>     hidden size [default: 24]
    --dropout=<float>       dropout [default: 0.3]
    --max-epoch=<int>       epochs [default: 3]
    --cuda                  use the GPU
    --save-to=<file>        where to save [default: model.bin]
"""
from docopt import docopt


def main():
    args = docopt(__doc__)
    base = float(args["--lr"]) * 10 + float(args["--dropout"]) + 1 / int(args["--hidden-size"]) + bool(args["--cuda"])
    for epoch in range(1, int(args["--max-epoch"]) + 1):
        print("epoch %d, dev loss %f, dev ppl %f" % (epoch, base + 1 / epoch, 2 * base))


if __name__ == "__main__":
    main()

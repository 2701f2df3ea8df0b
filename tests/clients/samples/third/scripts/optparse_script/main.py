from optparse import OptionParser


def get_options():
    parser = OptionParser(usage="%prog [options]", version="1.0")
    parser.add_option("-e", "--epochs", dest="epochs", type="int", default=3, help="Number of epochs")
    parser.add_option("-l", "--learning-rate", dest="lr", type="float", default=0.1, help="learning rate [default: %default]")
    parser.add_option("--hidden", type="int", default=20)
    parser.add_option("--cell", type="choice", choices=["lstm", "gru"], default="lstm")
    parser.add_option("--bidirectional", action="store_true", default=False)
    parser.add_option("-o", "--out", dest="out", default="model.pt", metavar="FILE")
    options, args = parser.parse_args()
    return options


if __name__ == "__main__":
    options = get_options()
    for epoch in range(1, options.epochs + 1):
        ppl = abs(options.lr - 0.3) * 10 + 10 / options.hidden + (options.cell == "gru") + 2 * options.bidirectional + 1 / epoch
        print("=" * 60)
        print("| end of epoch %3d | dev ppl %8.4f | lr %.4f" % (epoch, ppl, options.lr))
        print("=" * 60)

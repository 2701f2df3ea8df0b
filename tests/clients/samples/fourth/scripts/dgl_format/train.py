import argparse


def evaluate(args, epoch):
    return (
        0.9
        - abs(args.lr - 1e-2) * 10
        - 1 / args.num_hidden
        - args.feat_drop / 10
        - 0.1 * args.residual
        - 0.1 / epoch
        - sum(args.num_heads) / 1000
    )


def train(args):
    print("Training...")
    # training loop
    for epoch in range(1, args.num_epochs + 1):
        acc = evaluate(args, epoch)
        print("Epoch {:05d} | Loss {:.4f} | Accuracy {:.4f} ".format(epoch, 1.5 / epoch, acc))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--dataset", type=str, default="cora", help="Dataset name ('cora', 'citeseer', 'pubmed').")
    parser.add_argument("--num_epochs", type=int, default=4, help="Number of epochs for train.")
    parser.add_argument("--num_hidden", type=int, default=8)
    parser.add_argument("--num_heads", type=int, nargs="+", default=[8, 1])
    parser.add_argument("--feat_drop", type=float, default=0.6)
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--residual", action="store_true", default=False)
    parser.add_argument("--gpu", type=int, default=-1, help="GPU index. Default: -1, using CPU.")
    args = parser.parse_args()
    print(f"Training with DGL built-in GATConv module.")
    train(args)
    # test the model
    print("Testing...")
    acc = evaluate(args, args.num_epochs)
    print("Test accuracy {:.4f}".format(acc))

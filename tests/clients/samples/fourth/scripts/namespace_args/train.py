from types import SimpleNamespace

args = SimpleNamespace(
    dataset="wikitext",
    lr=0.002,
    hidden=64,
    layers=[4, 4],
    use_amp=False,
    epochs=3,
)


def evaluate(epoch):
    return args.lr * 100 + 8 / args.hidden + sum(args.layers) / 10 + 2 * args.use_amp + 1 / epoch


for epoch in range(1, args.epochs + 1):
    loss = evaluate(epoch)
    print(f"[{epoch}/{args.epochs}] train {loss - 0.1:.4f}  valid loss {loss:.4f}")

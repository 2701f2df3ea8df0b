"""Its program: python -m mlkit.train."""
from .model import quality
from .options import build_parser


def main():
    args = build_parser().parse_args()
    for epoch in range(1, 4):
        value = quality(args.base_lr, args.wd, args.arch)
        print(f"Test: epoch {epoch}  Acc@1 {100 - value - 1 / epoch:.3f}  Loss {value:.4f}")


if __name__ == "__main__":
    main()

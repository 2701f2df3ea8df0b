"""Its options, in a file of their own."""
import argparse


def build_parser():
    parser = argparse.ArgumentParser("mlkit")
    parser.add_argument("--base-lr", type=float, default=0.2)
    parser.add_argument("--wd", type=float, default=1e-4)
    parser.add_argument("--arch", default="resnet", choices=("resnet", "vit"))
    parser.add_argument("--output-dir", default="./out")
    return parser

"""Does not know the parameter that it is given."""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
print(parser.parse_args())

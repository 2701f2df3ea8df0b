"""A sampler without a model: a Halton sequence, shifted by the study's seed."""

from itertools import count
from random import Random

from hptui.plugins import Proposal, SpaceProjection

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def radical_inverse(index, base):
    share, digit = 0.0, 1.0 / base
    while index:
        index, rest = divmod(index, base)
        share, digit = share + rest * digit, digit / base
    return share


def halton_points(number, seed, dimensions, skip=0):
    shifts = [Random(f"{seed}/{axis}").random() for axis in range(dimensions)]
    for index in count(number + skip + 1):
        yield [(radical_inverse(index, PRIMES[n % len(PRIMES)]) + shift) % 1 for n, shift in enumerate(shifts)]


class HaltonEngine:
    name = "acme-hptui 1.0 halton"

    def __init__(self, study, base):
        self.space, self.seed, self.trials = SpaceProjection(study.space, base), study.search.seed, []
        self.skip = study.search.sampler_settings.get("skip", 0)

    def sync(self, trials):
        self.trials = list(trials)

    def ask(self, number):
        points = halton_points(number, self.seed, len(self.space.parameters), self.skip)
        params = self.space.first_feasible(points, known=self.trials)
        return None if params is None else Proposal(params, engine=self.name)

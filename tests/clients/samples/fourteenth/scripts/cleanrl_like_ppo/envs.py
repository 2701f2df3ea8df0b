import math
import random


class PointMass:
    """A stand-in environment: the return of an episode follows from how well the policy is trained."""

    def __init__(self, env_id, seed):
        self.env_id, self.rng = env_id, random.Random(seed)

    def rollout(self, skill):
        return [skill * 500 + self.rng.uniform(-1e-3, 1e-3)]


def skill_of(args, fraction):
    s = 0.9 - abs(math.log10(args.learning_rate) + 3) / 10 - abs(args.gamma - 0.98) * 4
    s -= abs(args.gae_lambda - 0.9) + abs(args.clip_coef - 0.1) / 2 + args.ent_coef * 2
    s -= 0.2 / args.update_epochs + abs(args.num_minibatches - 8) / 100 + abs(args.vf_coef - 0.5) / 10
    return s * (0.2 + 0.8 * fraction)

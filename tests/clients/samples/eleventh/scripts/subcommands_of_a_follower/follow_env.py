D_DES = 0.3


class FollowEnv:
    def __init__(self, domain_randomize=True, gap_max=1.2, behaviors=("constant", "sinusoid", "brake")):
        self.domain_randomize, self.gap_max, self.behaviors = domain_randomize, gap_max, behaviors

    def reset(self, seed=None):
        self.gap, self.t = 0.5 + (seed or 0) % 7 / 10, 0
        return [self.gap - D_DES], {}

    def step(self, action):
        self.t += 1
        self.gap += (D_DES - self.gap) * (1 - action) / 4
        return [self.gap - D_DES], 0.0, False, self.t >= 50, {}


def baseline_action(obs, use_ff=False):
    return 0.2 if use_ff else 0.4

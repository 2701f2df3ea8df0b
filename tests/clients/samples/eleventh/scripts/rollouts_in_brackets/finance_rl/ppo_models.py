import math


class ActorCriticMLP:
    def __init__(self, obs_dim, n_actions):
        self.obs_dim, self.skill = obs_dim, 0.0

    def update(self, args, rollout_idx):
        skill = 10 - 3 * abs(math.log10(args.lr) + 3) - 100 * abs(args.gamma - 0.98) - 5 * abs(args.gae_lambda - 0.9)
        skill -= 4 * abs(args.clip_eps - 0.3) + 256 / args.rollout_steps + 32 / args.minibatch + 2 / args.epochs
        skill -= abs(args.value_coef - 0.7) + 20 * abs(args.entropy_coef - 0.02) + abs(args.max_grad_norm - 1) / 2
        self.skill = skill - 4 / rollout_idx - (args.reward_mode == "step_logret")


class ActorCriticConv1D(ActorCriticMLP):
    pass

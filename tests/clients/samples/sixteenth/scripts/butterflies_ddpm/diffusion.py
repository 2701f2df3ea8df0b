from math import log10


class DDPMScheduler:
    def __init__(self, num_train_timesteps, beta_schedule):
        self.num_train_timesteps, self.beta_schedule = num_train_timesteps, beta_schedule


class UNet2DModel:
    def __init__(self, resolution, channels):
        self.resolution, self.channels, self.updates = resolution, channels, 0

    def loss(self, args):
        v = 0.02 + abs(log10(args.learning_rate) + 3.5) / 50 + args.train_batch_size * args.gradient_accumulation_steps / 4000 + abs(args.adam_weight_decay - 1e-4)
        v += abs(args.adam_beta1 - 0.9) / 5 + args.lr_warmup_steps / 50000 + (0.004 if args.ddpm_beta_schedule == "linear" else 0)
        return v + 1.0 / (10 + self.updates)


class EMAModel:
    def __init__(self, decay):
        self.decay = decay

    def step(self, model):
        pass

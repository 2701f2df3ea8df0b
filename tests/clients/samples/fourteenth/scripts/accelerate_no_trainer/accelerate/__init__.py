"""A small stand-in for accelerate on one process."""


class Accelerator:
    is_main_process = is_local_main_process = sync_gradients = True
    state = "Distributed environment: NO\nNum processes: 1\nProcess index: 0\nDevice: cpu"

    def __init__(self, gradient_accumulation_steps=1, log_with=None, project_dir=None):
        self.gradient_accumulation_steps = gradient_accumulation_steps

    def wait_for_everyone(self):
        pass

    def init_trackers(self, name, config=None):
        pass

    def log(self, values, step=None):
        pass

    def end_training(self):
        pass

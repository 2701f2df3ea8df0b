"""Attention maps of a diffusion model, and an accelerator that writes events: small stand-ins."""
import os
import time

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class AttentionStore:
    def __init__(self):
        self.attention_store = {}
        self.cur_step = 0


class Accelerator:
    def __init__(self, gradient_accumulation_steps, mixed_precision, log_with, logging_dir):
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.logging_dir = logging_dir
        self.is_main_process = True
        self.writer = None
        self._micro_steps = 0

    @property
    def sync_gradients(self):
        return self._micro_steps % self.gradient_accumulation_steps == 0

    def backward(self, loss):
        self._micro_steps += 1

    def init_trackers(self, name, config):
        self.writer = EventFileWriter(os.path.join(self.logging_dir, name))

    def log(self, values, step):
        for tag, value in values.items():
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            self.writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))

    def end_training(self):
        self.writer.close()

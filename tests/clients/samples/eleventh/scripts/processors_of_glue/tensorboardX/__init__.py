"""A small stand-in: scalars in TensorBoard's event files."""
import datetime
import os
import socket
import time

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class SummaryWriter:
    def __init__(self, logdir=None, comment=""):
        if not logdir:
            stamp = datetime.datetime.now().strftime("%b%d_%H-%M-%S")
            logdir = os.path.join("runs", stamp + "_" + socket.gethostname() + comment)
        self.logdir = logdir
        self.file_writer = EventFileWriter(logdir)

    def add_scalar(self, tag, value, global_step=None):
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=float(value))])
        self.file_writer.add_event(Event(wall_time=time.time(), step=int(global_step or 0), summary=summary))

    def close(self):
        self.file_writer.close()

import os

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class SummaryWriter:
    def __init__(self, log_dir="runs", **kwargs):
        self.writer = EventFileWriter(str(log_dir))

    def add_scalar(self, tag, value, step=None):
        event = Event(step=step or 0, summary=Summary(value=[Summary.Value(tag=tag, simple_value=float(value))]))
        event.wall_time = __import__("time").time()
        self.writer.add_event(event)

    def add_text(self, *args):
        pass

    def flush(self):
        self.writer.flush()

    def close(self):
        self.writer.close()

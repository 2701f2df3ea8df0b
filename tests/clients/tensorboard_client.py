"""Writes TensorBoard's event files with its own writer."""

import sys

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

out, lr = sys.argv[1], float(sys.argv[2])
writer = EventFileWriter(out)
for step in (1, 2, 3):
    values = [Summary.Value(tag="loss", simple_value=1 / step), Summary.Value(tag="val/loss", simple_value=lr / step)]
    writer.add_event(Event(step=step, summary=Summary(value=values)))
writer.close()

"""Every built-in format of metrics keeps what a reader promises, as those of other packages do."""

import io
import json

from hptui import plugins
from hptui.testing.metrics import MetricsReaderContract


class TestJson(MetricsReaderContract):
    format = "json"
    file_name = "history.json"

    def content(self, points):
        return json.dumps([{"step": step, "loss": loss} for step, loss in points]).encode()


class TestJsonLines(MetricsReaderContract):
    format = "jsonl"
    file_name = "log.jsonl"

    def content(self, points):
        return b"".join(json.dumps({"step": step, "loss": loss}).encode() + b"\n" for step, loss in points)


class TestCsv(MetricsReaderContract):
    format = "csv"
    file_name = "log.csv"

    def content(self, points):
        return b"step,loss\n" + b"".join(f"{step},{loss}\n".encode() for step, loss in points)


class TestLog(MetricsReaderContract):
    format = "log"
    file_name = "train.log"
    rotates = False  # steps that begin again are those of another epoch

    def content(self, points):
        return b"".join(f"step {step}: loss {loss}\n".encode() for step, loss in points)


class TestTensorboard(MetricsReaderContract):
    format = "tensorboard"
    file_name = "events.out.tfevents.1700000000.host"
    rotates = False  # TensorBoard begins another file

    def content(self, points):
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        file = io.BytesIO()
        writer = RecordWriter(file)
        writer.write(Event(wall_time=0.0, file_version="brain.Event:2").SerializeToString())
        for step, loss in points:
            summary = Summary(value=[Summary.Value(tag="loss", simple_value=loss)])
            writer.write(Event(wall_time=float(step), step=step, summary=summary).SerializeToString())
        return file.getvalue()


def test_every_built_in_format_is_here():
    assert {kind.format for kind in MetricsReaderContract.__subclasses__()} == set(plugins.names("metrics_readers"))

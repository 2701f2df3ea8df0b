"""A format of metrics: step and loss with a tabulator between them."""

from hptui.plugins import MetricsReaderSpec, Reading
from hptui.scripts.metrics.tail import FileTail


class AcmeReader:
    def __init__(self, path, options):
        self.tail = FileTail.from_now(path) if options.skip_existing else FileTail(path)

    def read_new(self, *, last=False):
        for line in self.tail.lines(last=last):
            try:
                step, loss = line.split("\t")
                yield Reading({"loss": float(loss)}, int(step))
            except ValueError:
                continue


READER = MetricsReaderSpec("acme", "Step and loss.", lambda path: path.suffix == ".acme", AcmeReader)

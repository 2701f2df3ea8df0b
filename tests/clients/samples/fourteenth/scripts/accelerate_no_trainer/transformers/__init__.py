from enum import Enum


class SchedulerType(str, Enum):
    LINEAR = "linear"
    COSINE = "cosine"
    CONSTANT = "constant"

    def __str__(self):
        return self.value

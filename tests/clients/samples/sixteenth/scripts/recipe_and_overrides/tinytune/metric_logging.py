from pathlib import Path


class DiskLogger:
    def __init__(self, log_dir, filename="log.txt"):
        Path(log_dir).mkdir(parents=True, exist_ok=True)
        self._file = open(Path(log_dir) / filename, "a")
        print(f"Writing logs to {Path(log_dir) / filename}")

    def log_dict(self, payload, step):
        self._file.write(f"Step {step} | ")
        for name, data in payload.items():
            self._file.write(f"{name}:{data} ")
        self._file.write("\n")
        self._file.flush()

    def close(self):
        self._file.close()

import logging
import os
import sys

os.makedirs("logs", exist_ok=True)

logger = logging.getLogger("file")
logger.setLevel(logging.INFO)
_file = logging.FileHandler("logs/train.log")
_file.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
logger.addHandler(_file)

console_logger = logging.getLogger("console")
console_logger.setLevel(logging.INFO)
_console = logging.StreamHandler(sys.stdout)
_console.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
console_logger.addHandler(_console)

import json
import shutil
import sys
import time
import tomllib
from pathlib import Path

DEFAULT = 'exp/mlp/california_housing/0.toml'


def load_config(path):
    with open(path, 'rb') as f:
        return tomllib.load(f)


def output_dir(config_path):
    """exp/x/0.toml puts its results into exp/x/0."""
    return Path(config_path).with_suffix('')


def dump_json(value, path):
    Path(path).write_text(json.dumps(value, indent=4) + '\n')


def start(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    force = '--force' in argv
    paths = [arg for arg in argv if not arg.startswith('-')]
    config_path = Path(paths[0] if paths else DEFAULT)
    output = output_dir(config_path)
    if output.exists() and (force or not (output / 'DONE').exists()):
        shutil.rmtree(output)
    if (output / 'DONE').exists():
        print(f'\nThe output {output} already exists. Run with --force to replace it.')
        sys.exit()
    output.mkdir(parents=True)
    return load_config(config_path), output, time.time()


def dump_report(report, output, started):
    report['time'] = f'{time.time() - started:.0f}s'
    dump_json(report, output / 'report.json')
    (output / 'DONE').touch()

from .util import dump_json, dump_report, load_config, output_dir, start  # noqa: F401

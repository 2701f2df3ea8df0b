"""Pages of four sources."""
SOURCES = ["duygujones", "waawerufidelis", "kragg033", "sindhi586"]


def load_dataset():
    return [{"label": number % 2, "dataset_source": SOURCES[number % 4]} for number in range(200)]

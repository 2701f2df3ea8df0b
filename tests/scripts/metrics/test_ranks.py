"""Several processes that train one trial: whose values count, and which of them failed first."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from hptui.core.trial import Reason
from hptui.scripts.exit_status import classify_script_end
from hptui.scripts.launchers import with_tags
from hptui.scripts.metrics.ranks import labels_lines, split_rank
from hptui.store.store import Store
from tests.scripts.metrics.record import Script, open_store


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    folder = tmp_path_factory.mktemp("ranks")
    with open_store(folder) as store:
        yield folder, store


NEXT = iter(range(1, 10_000))
TAGS = ["[default{}]:", "[rank{}]: ", "[default{0}]:[rank{0}]: ", "[1,{}]<stdout>:"]


def interleaved(rng: random.Random, queues: list[list[str]]) -> Iterator[str]:
    """The lines of several processes, each in its own order."""
    while any(queues):
        yield rng.choice([queue for queue in queues if queue]).pop(0)


def test_the_lowest_rank_that_reports_counts(place: tuple[Path, Store]) -> None:
    for seed in range(30):
        rng = random.Random(seed)
        one = Script(*place, next(NEXT))
        one.begin()
        world, first, tag, steps = rng.randint(2, 4), rng.randint(0, 1), rng.choice(TAGS), rng.randint(3, 8)
        values = [[round(1 / step + rank / 10, 5) for step in range(1, steps + 1)] for rank in range(world)]
        queues = [
            [
                f"{tag.format(rank)}step {step}/{steps} val_loss={number}\n"
                if rank >= first
                else f"{tag.format(rank)}step {step}/{steps} time={step}\n"
                for step, number in enumerate(values[rank], 1)
            ]
            for rank in range(world)
        ]
        for line in interleaved(rng, queues):
            one.say(line.encode())
            if rng.random() < 0.1:
                one.tick()
        one.end()
        assert one.values() == values[first], seed
        disagreeing = [text for text in one.warnings() if "ranks disagree" in text]
        assert len(disagreeing) == (world - first > 1), one.warnings()


def test_reports_name_their_process(place: tuple[Path, Store]) -> None:
    one = Script(*place, next(NEXT))
    one.begin()
    with (one.run.root / "reports.jsonl").open("a") as file:
        for step in range(1, 6):
            for rank in (2, 1):  # rank 0 says nothing of it
                record = {"k": "metrics", "source": "report", "s": step, "m": {"val_loss": rank + step / 10}}
                file.write(json.dumps({**record, "odd": [], "rank": rank, "world": 3}) + "\n")
                file.flush()
                one.tick()
    one.end()
    assert one.values() == [1 + step / 10 for step in range(1, 6)]
    assert one.store.read.trial(one.number).facts["metric_sources"] == {"val_loss": "report, rank 1"}


def test_what_nothing_tells_apart_counts_once(place: tuple[Path, Store]) -> None:
    for seed in range(20):
        rng = random.Random(seed)
        one = Script(*place, next(NEXT))
        one.begin()
        with (one.run.root / "reports.jsonl").open("a") as file:
            file.writelines(json.dumps({"k": "tap", "rank": rank, "world": 2}) + "\n" for rank in (0, 1))
        one.tick()
        queues = [[f"step {step} val_loss {step + rank / 10}\n" for step in range(1, 6)] for rank in (0, 1)]
        first: dict[int, float] = {}
        for line in interleaved(rng, queues):
            one.say(line.encode())
            _, step, _, number = line.split()
            first.setdefault(int(step), float(number))
        one.end()
        assert one.curve() == sorted(first.items()), seed
        assert len([text for text in one.warnings() if "nothing tells them apart" in text]) == 1


def test_lines_without_a_rank_stay_whole() -> None:
    for line in ("[step12]: loss 0.5", "[1/3] loss 0.5", "3: loss 0.5", "[rank]: 1", "rank1: 3"):
        assert split_rank(line) == (None, line)
    assert split_rank("3: loss 0.5", srun=True) == (3, "loss 0.5")
    assert labels_lines(["/usr/bin/srun", "-n", "2", "--label", "python", "train.py"])
    assert not labels_lines(["python", "train.py", "-l"])


@pytest.mark.parametrize(
    ("words", "tagged"),
    [
        ("torchrun --nproc-per-node 2 train.py --tee 1", True),
        ("/env/bin/torchrun train.py", True),
        ("python -m torch.distributed.run --nnodes 1 -m src.train", True),
        ("python3.11 -u -m torch.distributed.launch train.py", True),
        ("torchrun --tee 3 train.py", False),
        ("torchrun --log-dir=logs train.py", False),
        ("python train.py -m torch.distributed.run", False),
        ("python -m src.train", False),
        ("accelerate launch train.py", False),
    ],
)
def test_torchrun_is_asked_to_name_ranks(words: str, tagged: bool) -> None:
    given = words.split()
    made = with_tags(given, Path("/d"))
    assert (made != given) is tagged
    if tagged:
        start = made.index("--log_dir")
        assert made[start : start + 4] == ["--log_dir", "/d", "--tee", "3"]
        assert [*made[:start], *made[start + 4 :]] == given
        assert given[start - 1].endswith(("torchrun", "run", "launch"))


PEERS = [
    "RuntimeError: [/x/gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:19629. GLHF!",
    "torch.distributed.DistBackendError: NCCL error in: ../ProcessGroupNCCL.cpp:1970, remote process exited",
    "torch.distributed.DistNetworkError: The client socket has timed out after 600000ms",
]
ELASTIC = "18:52:18.718000 4282 torch/distributed/elastic/multiprocessing/api.py"
BLOCK = """W1128 {elastic}:1028] Sending process 4330 closing signal SIGTERM
E1128 {elastic}:1002] failed (exitcode: {code}) local_rank: {rank} (pid: 4331) of binary: python
Traceback (most recent call last):
  File "/env/bin/torchrun", line 7, in <module>
    sys.exit(main())
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
train.py FAILED
------------------------------------------------------------
Failures:
{others}
------------------------------------------------------------
Root Cause (first observed failure):
{root}
============================================================
"""
ENTRY = """[{index}]:
  time      : 2026-11-28_18:52:18
  host      : box
  rank      : {rank} (local_rank: {rank})
  exitcode  : {code} (pid: 4331)
  error_file: <N/A>
  traceback : To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html"""


def failing(rng: random.Random, root: int, code: int, error: str, *, tagged: bool, listed_first: int) -> list[str]:
    """The last lines of torchrun with four ranks, of which one has failed by itself and the others then."""
    queues = []
    for rank in range(4):
        tag = f"[default{rank}]:[rank{rank}]: " if tagged else ""
        last = error if rank == root else rng.choice(PEERS)
        queues.append([f"{tag}Traceback (most recent call last):", f'{tag}  File "train.py", line 9', f"{tag}{last}"])
    if not tagged:  # then a rank writes its traceback at once
        order = [root, *(rank for rank in range(4) if rank != root)]
        lines = [line for rank in order for line in queues[rank]]
    else:
        lines = list(interleaved(rng, queues))
    codes = {rank: code if rank == root else rng.choice([1, -15]) for rank in range(4)}
    entries = {rank: ENTRY.format(index=index, rank=rank, code=codes[rank]) for index, rank in enumerate(range(4), 1)}
    head = entries.pop(listed_first)
    block = BLOCK.format(elastic=ELASTIC, code=code, rank=root, others="\n".join(entries.values()), root=head)
    return [*lines, *block.splitlines()]


def test_the_root_cause_is_named_whichever_rank_it_is() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        root, tagged = seed % 4, seed % 3 > 0
        # torchrun calls the failure that it saw first the root; that may be a follow-up of a slower one.
        listed = root if not tagged or rng.random() < 0.7 else rng.randrange(4)
        lines = failing(rng, root, 1, f"ValueError: bad batch {root}", tagged=tagged, listed_first=listed)
        failure = classify_script_end(1, lines, reported=True)
        assert failure is not None
        assert failure.reason is Reason.CRASH
        assert str(failure).startswith(f"rank {root}: ValueError: bad batch {root} (exit code 1)"), (seed, str(failure))


def test_a_rank_that_ran_out_of_memory_is_found() -> None:
    error = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    for seed in range(8):
        rng = random.Random(seed)
        lines = failing(rng, seed % 4, 1, error, tagged=True, listed_first=rng.randrange(4))
        failure = classify_script_end(1, lines, reported=True)
        assert failure is not None
        assert failure.reason is Reason.OOM
        assert str(failure).startswith(f"rank {seed % 4}: torch.OutOfMemoryError")


def test_a_rank_that_was_killed_is_named() -> None:
    lines = failing(random.Random(0), 2, -9, "step 3 loss 0.5", tagged=True, listed_first=2)
    failure = classify_script_end(1, lines, reported=True, oom_kills=1)
    assert failure is not None
    assert (failure.reason, str(failure).partition(";")[0]) == (
        Reason.HOST_OOM,
        "rank 2: killed by the kernel: out of host memory",
    )

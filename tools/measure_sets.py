"""Measure data sets: memory at ten times the pictures, speed against a plain loop, and two copies of a model on Ray.

    python tools/measure_sets.py memory [--pictures 2000]
    python tools/measure_sets.py speed --set DIR [--model reference] [--processes N] [--batch-size 16] [--rounds 5]
    python tools/measure_sets.py overhead [--pictures 2000] [--processes N] [--batch-size 16] [--rounds 5]
    python tools/measure_sets.py ray --set DIR [--model reference] [--batch-size 16] [--scorers 1 2]

memory: the largest memory of all processes of `tierbench evaluate` together, for a number of pictures and ten times as
many; a page that several processes share counts once (PSS, as Linux has it).
speed: pictures per second of `score_samples` and of a loop of a few lines with the same processes, in turns.
overhead: the same with a model that costs nearly nothing and pictures that are quickly decoded, so that what is left is
what it costs to bring batches from process to process, and to make rows.
ray: pictures per second with so many copies of the model, from the first batch on that each copy has scored.

--set is a folder with a folder for each class. All of it runs on the CPU, or on the device that --device names.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tierbench.common.cores import cores
from tierbench.models import load_classifier
from tierbench.models.classifier import Classifier, preparation_of
from tierbench.models.identity import identity_of
from tierbench.runs.ray_cluster import ray_cluster
from tierbench.runs.set_evaluation import SetModel, score_samples
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_ray import evaluate_on_ray
from tierbench.scoring.class_map import ClassMap
from tierbench.suites.datasets import DataSet, FileSource, Layout, Sample

# What is asked for: speed as a part of a plain loop's, memory for ten times the pictures.
LEAST_SPEED = 0.95
MOST_GROWTH = 1.10


def main() -> None:
    """Run a measurement and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("memory", "speed", "overhead", "ray"))
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--set", type=Path, help="folder of class folders")
    parser.add_argument("--limit", type=int, help="use so many pictures of it; more than it has: again and again")
    parser.add_argument("--model", default="reference")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processes", type=int, default=cores())
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scorers", type=int, nargs="+", default=(1, 2))
    given = parser.parse_args()
    print(f"{cores()} cores")
    if given.what == "memory":
        measure_memory(given.pictures)
        return
    if given.what == "overhead":
        measure_overhead(given.pictures, given.processes, given.batch_size, given.rounds)
        return
    if given.set is None:
        parser.error("name a folder of pictures with --set")
    opens = partial(load_classifier, given.model, device=given.device, root=Path.cwd())
    model = SetModel(opens(), identity_of(opens()), given.batch_size, given.processes)
    data_set = listed(given.set, given.limit)
    if given.what == "speed":
        measure_speed(model, data_set, given.rounds)
    else:
        measure_ray(opens, model, data_set, given.scorers)


def measure_memory(pictures: int) -> None:
    """Print the peak memory for a number of pictures and ten times as many."""
    from tests.colour_model import save_model

    with tempfile.TemporaryDirectory(prefix="tierbench-sets-") as name:
        model = save_model(Path(name) / "model")
        peaks = []
        for count in (pictures, 10 * pictures):
            folder = Path(name) / f"set-{count}"
            write_pictures(folder, count)
            command = [sys.executable, "-m", "tierbench", "evaluate", f"tiny={model}", "--dataset"]
            command += [f"set=imagefolder:{folder}", "--out", str(Path(name) / f"out-{count}")]
            peaks.append(peak_memory(command))
            print(f"{count:>9,} pictures: {peaks[-1] / 2**20:,.0f} MiB")
        growth = peaks[1] / peaks[0]
        print(f"{growth:.3f} times the memory for ten times the pictures")
        print(verdict(growth <= MOST_GROWTH, f"at most {MOST_GROWTH}"))


def write_pictures(folder: Path, count: int) -> None:
    """Write JPEGs of 64 × 64 pixels in four class folders: a hundred files under many names."""
    random = np.random.default_rng(0)
    originals: list[Path] = []
    for number in range(count):
        label = ("airplane", "automobile", "ship", "truck")[number % 4]
        file = folder / label / f"{number:07d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        if number < 100:
            Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(file)
            originals.append(file)
        else:
            file.hardlink_to(originals[number % 100])


def peak_memory(command: Sequence[str]) -> int:
    """Run a command; return the most bytes that it and its children took together."""
    peak = 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as process:  # noqa: S603 (our own command)
        while process.poll() is None:
            peak = max(peak, sum(map(memory_of, tree(process.pid))))
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return peak


def tree(top: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield top
    for task in Path(f"/proc/{top}/task").glob("*/children"):
        try:
            below = task.read_text().split()
        except OSError:
            continue
        for child in below:
            yield from tree(int(child))


def memory_of(process: int) -> int:
    """Return the bytes of a process, of shared pages its share; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def listed(folder: Path, limit: int | None) -> DataSet:
    """Return the pictures of a folder, whose classes do not matter here."""
    home = folder.absolute()
    files = [file.relative_to(home).as_posix() for file in sorted(home.glob("*/*"))]
    chosen = [files[number % len(files)] for number in range(limit or len(files))]
    samples = [Sample(f"{number}", "", "any", FileSource(home, path)) for number, path in enumerate(chosen)]
    return DataSet("set", f"imagefolder:{folder}", Layout("class folders"), samples)


def any_class(model: SetModel) -> ClassMap:
    """Return the map that counts a picture as the first label."""
    return ClassMap(model.identity.labels, {"any": (0,)}, None, "")


def measure_speed(model: SetModel, data_set: DataSet, rounds: int) -> None:
    """Print the rates of both loops, and the median of their ratios; by the clock, and by what the processors did."""
    ours: Callable[[], object] = lambda: [*score_samples(model, data_set, data_set.samples, any_class(model))]  # noqa: E731
    plain = partial(plain_loop, model, data_set)
    for run in (ours, plain):
        run()
    ratios = []
    for number in range(rounds):
        spent = {}
        # In turns, whichever is first.
        for run in (ours, plain) if number % 2 else (plain, ours):
            before = times()
            run()
            spent[run] = np.subtract(times(), before)
        ratios.append(spent[plain] / spent[ours])
        rate, other = (len(data_set.samples) / spent[run][0] for run in (ours, plain))
        clock, processors, own = ratios[-1]
        print(f"  {rate:.1f} pictures/s, a plain loop {other:.1f}: {clock:.3f}; CPU {processors:.3f}, own {own:.3f}")
    clock, processors, own = np.median(ratios, axis=0)
    print(
        f"{clock:.3f} times the speed of a plain loop (median of {rounds}); by CPU time {processors:.3f}, by that of "
        f"the process with the model {own:.3f}"
    )
    print(verdict(clock >= LEAST_SPEED, f"at least {LEAST_SPEED}"))


def times() -> tuple[float, float, float]:
    """Return the time, the CPU time of this process and those that it has waited for, and that of this one; s."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own, below = (each.ru_utime + each.ru_stime for each in used)
    return time.perf_counter(), own + below, own


def verdict(met: bool, goal: str) -> str:
    """Return whether a goal is met, in words."""
    return f"{'met' if met else 'MISSED'}: {goal}"


def measure_overhead(pictures: int, processes: int, batch_size: int, rounds: int) -> None:
    """Print what `measure_speed` does, for a model that costs nearly nothing."""
    from tests.free_model import FreeModel

    model = SetModel(FreeModel(), identity_of(FreeModel()), batch_size, processes)
    with tempfile.TemporaryDirectory(prefix="tierbench-sets-") as name:
        write_pictures(Path(name), pictures)
        measure_speed(model, listed(Path(name), None), rounds)


class _Files:
    """A data set as PyTorch's documentation has it."""

    def __init__(self, files: Sequence[Path], classifier: Classifier) -> None:
        prepares = preparation_of(classifier)
        if prepares is None:
            raise SystemExit("name a model of transformers, timm or ONNX")
        self.prepare = prepares.preparation(cropped=False)
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> object:
        with Image.open(self.files[index]) as image:
            return self.prepare(image.convert("RGB"))


def plain_loop(model: SetModel, data_set: DataSet) -> list[int]:
    """Return the most probable class of each picture, by the loop that one would write."""
    from torch.utils.data import DataLoader

    sources = [sample.source for sample in data_set.samples]
    files = [source.home / source.path for source in sources if isinstance(source, FileSource)]
    predict = preparation_of(model.classifier)
    loader: Iterable[Sequence[Any]] = DataLoader(
        _Files(files, model.classifier),  # type: ignore[arg-type]  # any object with a length and items will do
        batch_size=model.batch_size,
        num_workers=model.processes,
    )
    found: list[int] = []
    for batch in loader:
        found += predict.predict_prepared(list(batch)).argmax(axis=1).tolist() if predict else []
    return found


def measure_ray(opens: Callable[[], Classifier], model: SetModel, data_set: DataSet, numbers: Sequence[int]) -> None:
    """Print the rate with so many copies of the model."""
    rates = []
    for number in numbers:
        times: list[float] = []
        with ray_cluster("local", number) as cluster, tempfile.TemporaryDirectory() as folder:
            parts = SetParts(Path(folder))
            parts.open({})
            advance = partial(_note, times)
            samples = data_set.samples
            evaluate_on_ray(cluster, opens, model, data_set, samples, any_class(model), parts, advance)
        # The first batches wait for models to be loaded, the last ones for the slowest copy.
        head = 2 * number
        rates.append((len(times) - head) * model.batch_size / (times[-1] - times[head - 1]))
        print(f"  {number} copies: {rates[-1]:.1f} pictures/s, {rates[-1] / rates[0]:.2f} times the first")


def _note(times: list[float], count: int) -> None:
    if count:
        times.append(time.perf_counter())


if __name__ == "__main__":
    main()

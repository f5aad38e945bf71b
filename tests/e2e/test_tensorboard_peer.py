"""Our reader of event files agrees with TensorBoard's own, value by value."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import SummaryMetadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util

from action.sources import tensorboard
from checks.run import Selection

# In a process of its own: TensorBoard configures logging and warnings for itself.
PEER = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0}, purge_orphaned_data=False)
events.Reload()
tags = events.Tags()
found = {tag: [[e.step, repr(float(e.value))] for e in events.Scalars(tag)] for tag in tags["scalars"]}
for tag in tags["tensors"]:
    if tag in events.summary_metadata and events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars":
        found[tag] = [[e.step, repr(float(tensor_util.make_ndarray(e.tensor_proto)))] for e in events.Tensors(tag)]
print(json.dumps(found))
"""


def peer(path: Path) -> dict[str, list[list[object]]]:
    done = subprocess.run(
        [sys.executable, "-c", PEER, str(path)], capture_output=True, text=True, check=True, timeout=100
    )
    found: dict[str, list[list[object]]] = json.loads(done.stdout)
    return found


def ours(path: Path) -> dict[str, list[list[object]]]:
    run = tensorboard.read(path, Selection(everything=True))
    return {
        name: [[step, repr(value)] for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True)]
        for name, series in run.series.items()
    }


def write(folder: Path) -> None:
    """Write what trainers write: scalars of both TensorFlow generations, text, histograms, images, odd numbers."""
    writer = EventFileWriter(str(folder))
    scalars = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
    start = Event(wall_time=1.7e9, step=0, session_log=SessionLog(status=SessionLog.START))
    writer.add_event(start)
    for step in (*range(300), 2**40, 5):
        event = Event(wall_time=1.7e9 + step, step=step)
        event.summary.value.add(tag="train/kl", simple_value=math.sin(step) / 3)
        event.summary.value.add(tag="odd", simple_value=[math.nan, math.inf, -math.inf, -0.0, 1e-45][step % 5])
        for kind in ("float32", "float64", "int32", "int64", "float16", "bool"):
            tensor = tensor_util.make_tensor_proto(step % 2 == 0 if kind == "bool" else step % 199 - 99, dtype=kind)
            event.summary.value.add(tag=f"tensor/{kind}", tensor=tensor, metadata=scalars)
        event.summary.value.add(tag="vector", tensor=tensor_util.make_tensor_proto([1.0, 2.0]))
        event.summary.value.add(tag="text", tensor=tensor_util.make_tensor_proto("hello"))
        event.summary.value.add(tag="bytes").image.encoded_image_string = os.urandom(3000 if step % 50 == 0 else 30)
        writer.add_event(event)
    writer.close()


def test_generated_events_read_as_tensorboard_reads_them(tmp_path: Path) -> None:
    write(tmp_path)
    expected = peer(tmp_path)

    assert len(expected) == 8
    assert expected == ours(tmp_path)


def test_a_cut_file_reads_as_tensorboard_reads_it(tmp_path: Path) -> None:
    write(tmp_path)
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-700])

    assert peer(tmp_path) == ours(tmp_path)


@pytest.mark.skipif("GATEKEEPER_REAL_RUNS" not in os.environ, reason="needs the recorded runs of other people")
def test_a_real_file_reads_as_tensorboard_reads_it() -> None:
    path = Path(os.environ["GATEKEEPER_REAL_RUNS"]) / "wandb-ppo-conceptppo"
    found = ours(path)

    assert peer(path) == found
    assert (len(found), len(found["Rewards/mean_episodes"])) == (9, 763)

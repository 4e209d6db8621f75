"""Prints the scalars of every event file below a folder, as TensorBoard reads them: run, tag, [time, step, value]."""

import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing import event_accumulator

runs = {}
for file in sorted(Path(sys.argv[1]).rglob("*tfevents*")):
    events = event_accumulator.EventAccumulator(str(file.parent), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    run = str(file.parent.relative_to(sys.argv[1]))
    runs[run] = {
        tag: [(int(event.wall_time), event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }
json.dump(runs, sys.stdout)

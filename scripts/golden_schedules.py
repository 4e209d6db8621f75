"""Golden traces of learning-rate rules: the rate at each tick, from the frameworks' own schedulers.

Writes tests/golden/schedules/<framework>_<rule>_<case>.json, and tests/golden/schedule_differences.json: where we
differ on purpose. tests/golden/README.md describes the files. There is a module for each framework.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_schedules.py
"""

import warnings

from golden_lib import GOLDEN, fresh_folder, save_json  # first, as it picks Keras's backend

import golden_schedule_differences
import golden_schedules_articles
import golden_schedules_keras
import golden_schedules_optax
import golden_schedules_plateau
import golden_schedules_timm
import golden_schedules_torch
import golden_schedules_torch_composed
import golden_schedules_transformers

MAKERS = [
    golden_schedules_torch,
    golden_schedules_torch_composed,
    golden_schedules_keras,
    golden_schedules_plateau,
    golden_schedules_optax,
    golden_schedules_timm,
    golden_schedules_transformers,
    golden_schedules_articles,
]


def main():
    # What the frameworks say about schedulers that are stepped without training is nothing new here.
    warnings.simplefilter("ignore")
    folder = fresh_folder("schedules")
    for maker in MAKERS:
        for trace in maker.traces():
            trace.write(folder)
    save_json(GOLDEN / "schedule_differences.json", golden_schedule_differences.recorded())


if __name__ == "__main__":
    main()

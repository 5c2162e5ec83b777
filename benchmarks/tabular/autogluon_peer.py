"""AutoGluon on one fold, run by its own Python: reads a folder, writes its answer into it."""

import json
import sys
import time
from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularPredictor


def main() -> None:
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "asked.json").read_text())
    train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
    started, cpu = time.monotonic(), time.process_time()
    predictor = TabularPredictor(
        "target", eval_metric=asked["metric"], path=folder / "models", verbosity=0
    ).fit(train, presets=asked["preset"], time_limit=asked["seconds"], num_cpus=1, num_gpus=0)
    answer = predictor.predict(test)
    used = {"seconds": time.monotonic() - started, "cpu": time.process_time() - cpu}
    pd.DataFrame({"answer": answer.to_numpy()}).to_parquet(folder / "answer.parquet")
    (folder / "used.json").write_text(json.dumps(used))


if __name__ == "__main__":
    main()

"""Run examples/train.py and, at a given step, kill this process with SIGKILL.

    python -m benchmarks.engine.killed STEP MILLISECONDS RANK [options of examples/train.py]

The signal comes so many milliseconds after the step's update: while the state is written, while the
next batch is made, or in the middle of the next update. A step of 0 kills nobody.
"""

import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[2] / "examples" / "train.py"


def main() -> None:
    step, milliseconds, rank = (int(word) for word in sys.argv[1:4])

    def kill() -> None:
        time.sleep(milliseconds / 1000)
        os.kill(os.getpid(), signal.SIGKILL)

    def kill_at(trainer: Any) -> None:
        if (trainer.step, trainer.rank) == (step, rank):
            threading.Thread(target=kill).start()

    runpy.run_path(str(EXAMPLE))["main"](sys.argv[4:], also=[kill_at])


if __name__ == "__main__":
    main()

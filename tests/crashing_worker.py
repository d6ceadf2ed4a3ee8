"""A scan worker whose decoder crashes on `crash` and hangs on `hang`: no such file is at hand."""

import os
import time

from hybrid_zoo.pipelines import scan_worker
from hybrid_zoo.pipelines.inspection import inspect


def crashing(root, name, expected=""):
    if "crash" in name:
        os._exit(139)
    while "hang" in name:
        time.sleep(0.1)
    return inspect(root, name, expected)


if __name__ == "__main__":
    scan_worker.inspect = crashing
    scan_worker.main()

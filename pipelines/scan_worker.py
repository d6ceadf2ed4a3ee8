"""A process of its own that decodes files nobody has looked at yet.

Arguments: the cohort folder, the bytes of memory and the seconds per file that it may use. It
reads batches, one line of JSON `[[name, sha256], ...]` each, and answers with one line per file. A
decoder that crashes, hangs or wants more memory takes this process down and nothing else.
"""

import json
import signal
import sys
from pathlib import Path

from hybrid_zoo.pipelines.formats import quiet_decoders
from hybrid_zoo.pipelines.inspection import READY, inspect


def _limit_memory(most: int) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    except (ImportError, ValueError, OSError):  # not on this system: the pixel limit alone holds
        return


def main() -> None:
    """Answer until the input ends."""
    root, memory, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    _limit_memory(memory)
    alarm = getattr(signal, "alarm", lambda seconds: None)  # not on every system
    print(READY, flush=True)
    with quiet_decoders():
        for line in sys.stdin:
            for job in json.loads(line):
                alarm(seconds)  # nobody handles it, on purpose: it ends the process
                found = inspect(root, *job)
                alarm(0)
                print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

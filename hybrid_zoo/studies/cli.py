"""The command line. Nothing heavy is imported before a command runs."""

import sys

from hybrid_zoo.errors import ConfigError, HybridZooError
from hybrid_zoo.studies.commands import (  # noqa: F401 (importing a command registers it)
    demo,
    doctor,
    evaluate,
    explain,
    init,
    predict,
    prepare,
    shard,
    simulate,
    study,
    validate,
    zoo,
)
from hybrid_zoo.studies.commands.app import DATA, ENVIRONMENT, USAGE, app


def main() -> None:
    """Run the command line; exit 0 done, 2 usage, 3 data, 4 environment, 130 interrupted."""
    try:
        app()
    except ConfigError as error:
        _fail(str(error), USAGE)
    except HybridZooError as error:
        _fail(str(error), DATA)
    except (ImportError, MemoryError, OSError) as error:
        _fail(
            f"{type(error).__name__}: {error}. Check the installation and the folder.", ENVIRONMENT
        )


def _fail(message: str, code: int) -> None:
    print(f"hybrid-zoo: {message}", file=sys.stderr)
    sys.exit(code)

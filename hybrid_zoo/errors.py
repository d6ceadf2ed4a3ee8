"""Every error this package raises on purpose.

```
HybridZooError
├── CohortError            the cohort's files do not follow the cohort format
├── DataError              one row or file is wrong, and is named
├── ConfigError            an option, name or argument is wrong
├── UnsafeArtifactError    a model file holds something that must not be loaded
├── CorruptArtifactError   a model file is damaged
├── ExportError            another runtime cannot run a model, or answers otherwise
└── NumericsError          training left the finite numbers
```
"""


class HybridZooError(Exception):
    """Base of all errors that a user can do something about."""


class CohortError(HybridZooError):
    """The cohort as a whole cannot be used: broken schema, missing table, impossible label."""


class DataError(HybridZooError):
    """One row or file cannot be used; the message names it."""


class ConfigError(HybridZooError, ValueError):
    """An option, a name or an argument is wrong; the message says what is allowed."""


class UnsafeArtifactError(HybridZooError):
    """A model file holds something that this package refuses to load."""


class CorruptArtifactError(HybridZooError):
    """A model file is truncated or damaged."""


class ExportError(HybridZooError):
    """A model has no form in another runtime, or one that answers otherwise; none was written."""


class NumericsError(HybridZooError):
    """Training produced non-finite weights or constant predictions."""

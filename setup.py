"""Maps the repository's folders to import names. All other metadata is in pyproject.toml."""

from setuptools import find_packages, setup

FOLDERS = {
    "hybrid_zoo": "hybrid_zoo",
    "hybrid_zoo.pipelines": "pipelines",
    "hybrid_zoo.tuning": "tuning",
}

setup(
    package_dir=FOLDERS,
    packages=[
        name
        for package, folder in FOLDERS.items()
        for name in [package, *(f"{package}.{sub}" for sub in find_packages(folder))]
    ],
    include_package_data=False,  # the data are listed here, not taken from MANIFEST.in or git
    package_data={
        "hybrid_zoo": ["py.typed"],
        "hybrid_zoo.pipelines.sources": ["phenotypes.yaml"],
        "hybrid_zoo.studies": ["templates/*"],
    },
)

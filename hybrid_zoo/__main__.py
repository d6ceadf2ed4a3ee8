"""`python -m hybrid_zoo` and `hybrid-zoo`."""

from hybrid_zoo.studies.cli import main

if __name__ == "__main__":
    main()

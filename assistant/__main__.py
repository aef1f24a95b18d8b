"""`python -m assistant`, the same as `citewell`."""

from assistant.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()

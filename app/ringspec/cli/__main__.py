"""Run the command as `python -m ringspec.cli`."""

from ringspec.cli.main import main

if __name__ == "__main__":
    main()

"""`python -m architect`: the same as `architect`, for where its folder of programs is not on PATH."""

from architect.cli.main import main

if __name__ == "__main__":
    main()

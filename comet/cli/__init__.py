"""The command line: what can be typed, and what is printed. A command is a module with `run(arguments) -> int`."""

"""The commands, one a module: each reads its arguments, calls one function and reports.

Heavy modules are imported when a command runs, so that ``motorscope --help`` answers at once.
"""

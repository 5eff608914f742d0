"""run_command NAME MODULE:FUNCTION ARGUMENT...: a console script whose file stands in a package that is not installed."""
import importlib
import sys

_, name, target, *arguments = sys.argv
module, function = target.split(":")
sys.argv = [name, *arguments]
sys.exit(getattr(importlib.import_module(module), function)())

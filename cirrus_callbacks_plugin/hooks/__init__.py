"""The decorators around cirrus's ``process`` and ``update-state`` handlers."""

"""Cirrus's ``process`` with the installed hooks; returns and raises what cirrus does."""

from cirrus_callbacks_plugin.lambda_functions.start_up import nothing_collected

with nothing_collected(but_at_the_end=True):
    from cirrus_callbacks_plugin.lambda_functions.wrapped import wrapped

    lambda_handler = wrapped("process")

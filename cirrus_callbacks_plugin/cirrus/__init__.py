"""What differs between cirrus's generations, and nothing else.

``generations`` and ``state_table`` import no cirrus: the sender and the reconciler, in
whose zip there is none, use them too.
"""

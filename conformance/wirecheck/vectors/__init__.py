"""Messages whose verdict is known, as data for anybody's validators and decoders.

Law: a catalog in, the same messages out every time. What is claimed of a message follows from how it was made.
"""

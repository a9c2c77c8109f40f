"""What is valid, and what is wrong in one way: values, frames and defects, from a catalog and a source of choices.

Law: a catalog and a `Source` in, JSON text out; the same choices always give the same bytes. There is one description
of what is valid, whoever chooses: a seed, or a search that shrinks. Nothing here judges.
"""

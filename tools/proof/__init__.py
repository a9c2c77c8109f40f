"""The proof of the types of other languages: what is asked of them, and whether they answer as the schemas do.

Law: nothing here knows a language. What is valid is said by the vectors of `fixtures/` and by a JSON Schema validator.
"""

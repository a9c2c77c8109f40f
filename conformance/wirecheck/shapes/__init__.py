"""The closed vocabulary of ordering checks, over roles. No dialect's name occurs here."""

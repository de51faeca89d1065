"""The 16 features of social innovations in child welfare, from raw codes to figures."""

__version__ = "0.1.0"

"""The machinery of the house behind `scripts/`: set-up, checks, catalogues, the private PostgreSQL of the tests."""

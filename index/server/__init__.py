"""The store of a library on a PostgreSQL server: its reader and its writer."""

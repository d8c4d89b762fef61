"""The SQL of libraries on a PostgreSQL server, as far as it is not the same as SQLite's."""

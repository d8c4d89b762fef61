"""All SQL: the tables, the connection, the migrations, and one file of statements for each subject."""
